"""gateway/portal/uploads.py: bodies never take all request threads, of a portal or of all together."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from gateway.errors import GatewayError
from gateway.portal.uploads import Uploads


def take(uploads: Uploads, stack: ExitStack, portal: str, places: int) -> None:
    for _ in range(places):
        stack.enter_context(uploads.place(portal))


def refused(uploads: Uploads, portal: str) -> GatewayError:
    with pytest.raises(GatewayError) as caught, uploads.place(portal):
        pass
    return caught.value


def test_a_portal_gets_half_of_the_threads_and_another_portal_still_has_a_place() -> None:
    uploads = Uploads(8)
    with ExitStack() as stack:
        take(uploads, stack, "slow", 4)

        error = refused(uploads, "slow")
        take(uploads, stack, "other", 1)

    assert (error.problem.code, error.problem.status, error.problem.retry) == ("request.too_many_uploads", 429, True)
    assert error.headers == {"Retry-After": "1"}


def test_all_portals_together_leave_one_thread() -> None:
    uploads = Uploads(8)
    with ExitStack() as stack:
        take(uploads, stack, "one", 4)
        take(uploads, stack, "two", 3)

        assert refused(uploads, "two").problem.status == 429
        assert refused(uploads, "three").problem.status == 429


@pytest.mark.parametrize(("threads", "places"), [(1, 1), (2, 1), (3, 1), (4, 2)])
def test_there_is_always_a_place_for_somebody(threads: int, places: int) -> None:
    uploads = Uploads(threads)
    with ExitStack() as stack:
        take(uploads, stack, "one", places)

        assert refused(uploads, "one").problem.status == 429


def test_a_place_is_free_again_after_the_body_and_after_an_error() -> None:
    uploads = Uploads(2)
    with uploads.place("one"):
        pass
    with pytest.raises(OSError, match="cut off"), uploads.place("one"):
        raise OSError("cut off")

    with uploads.place("one"):
        pass


@contextmanager
def waiting(uploads: Uploads, portal: str, ended: list[str]) -> Iterator[threading.Thread]:
    """Ask for a place in another thread until the end of the block; note how that ended."""

    def ask() -> None:
        try:
            with uploads.place(portal):
                ended.append("place")
        except GatewayError:
            ended.append("refused")

    thread = threading.Thread(target=ask)
    thread.start()
    yield thread
    thread.join()


def test_a_quick_body_before_it_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.portal.uploads._PATIENCE", 20.0)
    uploads, ended = Uploads(2), list[str]()
    with ExitStack() as stack:
        take(uploads, stack, "one", 1)
        with waiting(uploads, "one", ended) as thread:
            thread.join(0.05)
            assert ended == []
            stack.close()

    assert ended == ["place"]


def test_only_one_request_of_a_portal_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.portal.uploads._PATIENCE", 20.0)
    uploads, ended = Uploads(2), list[str]()
    with ExitStack() as stack:
        take(uploads, stack, "one", 1)
        with waiting(uploads, "one", ended) as thread:
            while not uploads._waiting:
                thread.join(0.001)

            assert refused(uploads, "one").problem.status == 429
            stack.close()

    assert ended == ["place"]
