"""Several processes at one address: each gets its part of the connections, and no second hub gets any."""

import os
import pickle
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack

import pytest

from hub.api.workers import held_address, serve
from hub.errors import Conflict, Malformed, Unavailable

CALLERS = 64
PARENT = """
import multiprocessing, os, time
from hub.api.workers import end_with_parent

def worker(told):
    end_with_parent()
    os.write(told, b"up")
    time.sleep(20)
    os.write(told, b"outlived")

if __name__ == "__main__":
    os.set_inheritable(1, True)
    child = multiprocessing.get_context("fork").Process(target=worker, args=(1,))
    child.start()
    child.join()
"""


def test_whoever_the_address_is_sent_to_gets_a_part_of_the_connections() -> None:
    with ExitStack() as opened:
        held = opened.enter_context(held_address("127.0.0.1", 0))
        sent = [opened.enter_context(pickle.loads(pickle.dumps(held))) for _ in range(2)]  # noqa: S301 - our own
        for each in sent:
            each.listen(CALLERS)
            each.setblocking(False)
        for _ in range(CALLERS):
            opened.enter_context(socket.create_connection(held.getsockname()))
        assert all(waiting(each, opened) > CALLERS // 8 for each in sent)


def waiting(listener: socket.socket, opened: ExitStack) -> int:
    count = 0
    while True:
        try:
            opened.enter_context(listener.accept()[0])
        except BlockingIOError:
            return count
        count += 1


def test_an_address_where_others_listen_is_refused_also_when_they_would_share_it() -> None:
    with held_address("127.0.0.1", 0) as held:
        held.listen()
        host, port = held.getsockname()
        with pytest.raises(Conflict, match=r"api\.port-in-use"):
            held_address(host, port)


@pytest.mark.parametrize("is_shared", [True, False])
@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_an_address_that_is_not_this_machines_is_told_apart_from_one_in_use(host: str, *, is_shared: bool) -> None:
    with pytest.raises(Malformed, match=r"api\.address-unusable"):
        held_address(host, 0, is_shared=is_shared)


def test_one_process_alone_refuses_an_address_where_another_listens() -> None:
    with held_address("127.0.0.1", 0, is_shared=False) as held:
        held.listen()
        choices = {"app": "hub.cli.serve:worker", "host": "127.0.0.1", "port": held.getsockname()[1]}
        with pytest.raises(Conflict, match=r"api\.port-in-use"):
            serve(choices, workers=1)


def test_one_process_whose_application_does_not_start_says_so_as_a_fault_of_its_own() -> None:
    async def broken(_scope: object, _receive: object, _send: object) -> None:
        raise RuntimeError

    choices = {"app": broken, "host": "127.0.0.1", "port": 0, "lifespan": "on", "log_config": None}
    with pytest.raises(Unavailable, match=r"api\.not-started"):
        serve(choices, workers=1)


def test_a_worker_does_not_outlive_the_process_that_minds_it() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:  # noqa: S603 - our own
        assert parent.stdout is not None
        assert parent.stdout.read(2) == b"up"
        os.kill(parent.pid, signal.SIGKILL)
        assert parent.stdout.read() == b""  # the worker, which holds it too, has ended
