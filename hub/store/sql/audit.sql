-- write --
INSERT INTO audit (actor_id, action, noun, subject_id, before, after, reason)
VALUES (:actor_id, :action, :noun, :subject_id, :before, :after, :reason);
