"""Keeps Python's search for garbage from costing more than the work.

Syntax trees are full of cycles, and a graph holds hundreds of thousands of objects that live as
long as the process. The collector's default looks at all of them again and again: on 10,000 models
it took more than half of the time.
"""

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

_EVERY = 64  # statements: their trees take some 20 MB

_In = TypeVar("_In")
_Out = TypeVar("_Out")


@contextmanager
def collection_paused() -> Iterator[None]:
    """Let objects that have no cycles come to life without being searched for any, ever after."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            _count_as_old()
            gc.enable()


@contextmanager
def what_is_there_set_aside() -> Iterator[None]:
    """Search for garbage only among what comes to life from here on; may be nested."""
    was_set_aside = gc.get_freeze_count() > 0
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        if was_set_aside:
            gc.freeze()


def collected_in_batches(work: Callable[[_In], _Out], jobs: Iterable[_In]) -> list[_Out]:
    """Do the jobs; look for garbage now and then, and only among what they made."""
    done: list[_Out] = []
    with what_is_there_set_aside(), collection_paused():
        for job in jobs:
            done.append(work(job))
            if len(done) % _EVERY == 0:
                gc.collect()
                gc.freeze()  # what is left are results: not to be looked at again
    return done


def _count_as_old() -> None:
    """Move every object into the generation that is looked at least, without a look."""
    gc.freeze()
    gc.unfreeze()
