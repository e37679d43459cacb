import socket
import threading

import pytest

from serving.runtime.port import require_free, wait_until_free


@pytest.fixture
def listener():
    with socket.socket() as listening:
        # Triton's servers set it too.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening


def test_a_taken_port_is_named_with_its_key_and_the_remedy(listener):
    port = listener.getsockname()[1]

    with pytest.raises(ValueError, match=rf"^grpc-port is {port}, but .* choose another grpc-port$"):
        require_free({"grpc-port": port})


def test_a_port_of_connections_that_were_just_closed_counts_as_free(listener):
    port = listener.getsockname()[1]
    with socket.create_connection(("127.0.0.1", port)):
        accepted, _ = listener.accept()
        # The side that closes first keeps the port in TIME_WAIT.
        accepted.close()
    listener.close()

    require_free({"http-port": port})


def test_waiting_ends_when_the_listener_goes(listener):
    ports = {"http-port": listener.getsockname()[1]}

    assert not wait_until_free(ports, seconds=0.1)
    threading.Timer(0.2, listener.close).start()
    assert wait_until_free(ports, seconds=10)
