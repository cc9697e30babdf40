"""What a finding rests on, frozen so that it can be shown later exactly as it was."""
