"""Frames and lines, without processes."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgerun.functions.frames import (
    ERROR,
    READY,
    RESULT,
    STARTED,
    DamagedChannel,
    Frame,
    FrameReader,
    encode,
    read_answer,
)
from edgerun.functions.output import LONGEST_LINE, LineSplitter

ANSWER = struct.pack("<II", 1500, 2049)


@given(payloads=st.lists(st.binary(max_size=60), max_size=6), cut=st.integers(1, 400))
def test_frames_survive_any_cutting(payloads, cut):
    sent = b"".join(encode(RESULT, n, payload) for n, payload in enumerate(payloads))
    reader = FrameReader(40)
    got = [frame for at in range(0, len(sent), cut) for frame in reader.feed(sent[at : at + cut])]
    expected = [
        Frame(RESULT, n, payload) if len(payload) <= 48 else Frame(RESULT, n, payload[:8], oversized=True)
        for n, payload in enumerate(payloads)
    ]
    assert got == expected


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"\xff" * 9, id="unknown kind"),
        pytest.param(struct.pack("<IBI", 4, RESULT, 1), id="too short to be a frame"),
        pytest.param(struct.pack("<IBI", 1 << 20, STARTED, 1), id="too long for its kind"),
        pytest.param(struct.pack("<IBI", 1 << 20, READY, 1), id="too long for READY"),
    ],
)
def test_what_is_no_frame_is_damage(sent):
    with pytest.raises(DamagedChannel):
        FrameReader(100).feed(sent)


def test_an_answer_is_told_in_seconds_and_mebibytes():
    assert read_answer(ANSWER + b"{}") == (0.0015, 3, b"{}", False)
    with pytest.raises(DamagedChannel):
        read_answer(b"short")


def test_an_oversized_error_document_is_dropped_too():
    assert FrameReader(10).feed(encode(ERROR, 7, ANSWER + b"x" * 100)) == [Frame(ERROR, 7, ANSWER, oversized=True)]


def test_a_hundred_megabytes_are_never_held():
    reader = FrameReader(1000)
    assert reader.feed(struct.pack("<IBI", 100_000_000 + 5, RESULT, 1) + ANSWER) == []
    for _ in range(99):
        assert reader.feed(bytes(1_000_000)) == []
        assert len(reader._buffer) == 0
    assert reader.feed(bytes(1_000_000 - len(ANSWER)) + encode(STARTED, 2, b"")) == [
        Frame(RESULT, 1, ANSWER, oversized=True),
        Frame(STARTED, 2, b""),
    ]


@given(text=st.text(st.characters(exclude_characters="\n", codec="utf-8"), max_size=50), cut=st.integers(1, 9))
def test_lines_survive_any_cutting(text, cut):
    sent = f"{text}\n\nlast".encode()
    splitter = LineSplitter()
    lines = [line for at in range(0, len(sent), cut) for line in splitter.feed(sent[at : at + cut])]
    assert lines == [text, ""]
    assert splitter.flush() == ["last"]
    assert splitter.flush() == []


def test_a_line_is_cut_at_its_longest():
    splitter = LineSplitter()
    lines = splitter.feed(b"x" * (2 * LONGEST_LINE + 5) + b"\n" + b"y" * (LONGEST_LINE + 3))
    assert [len(line) for line in lines + splitter.flush()] == [LONGEST_LINE, LONGEST_LINE, 5, LONGEST_LINE, 3]
