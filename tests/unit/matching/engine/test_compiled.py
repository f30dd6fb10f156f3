"""How the hot loops are compiled, and what holds when the compiler changes (N7)."""

from importlib import import_module

import numpy as np
import pytest

from services.matching.engine.candidates import push
from services.matching.engine.compiled import IS_COMPILED, uncounted

needs_compiler = pytest.mark.skipif(not IS_COMPILED, reason="runs interpreted")


class TestLean:
    """N7: code without counted references, by a word that is none of numba's public ones."""

    @needs_compiler
    def test_the_installed_compiler_knows_the_option(self) -> None:
        """N7: a numba without it would run, but ten times slower at the gates; this test tells of it."""
        assert uncounted(import_module("numba.core.cpu").CPUTargetOptions) == {"_nrt": False}

    @needs_compiler
    def test_a_compiler_without_the_option_gives_the_same(self) -> None:
        """N7: the fallback compiles, and a heap fills alike."""
        options = uncounted(object)
        assert options == {}
        counted = import_module("numba").njit(error_model="numpy", **options)(getattr(push, "py_func", push))
        first, second = np.full((1, 4), -1, np.int64), np.full((1, 4), -1, np.int64)
        for key in (5, 3, 9, 7, 8):
            push(first, 0, key)
            counted(second, 0, key)
        assert (first == second).all()
        assert sorted(first[0].tolist()) == [5, 7, 8, 9]
