"""Targets of the Makefile that need a browser and that no other test calls, in their short form."""

from tests.test_make import make_short


def test_bench_browser():
    printed = make_short("bench-browser")
    assert "SHORT" in printed
    assert "| one core, 8 seeds |" in printed
    assert "| 00_start_here |" in printed


def test_screenshot():
    assert "lab.png" in make_short("screenshot")
