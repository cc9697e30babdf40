"""The door to the hub: what is sent goes out at once."""

import socket

from jobs.serve import listen


def test_an_answer_in_two_pieces_is_not_held_back() -> None:
    with listen("127.0.0.1", 0) as door, socket.create_connection(door.getsockname()):
        accepted, _ = door.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
