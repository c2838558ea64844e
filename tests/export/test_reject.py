"""export.reject: what a person has thrown out."""

import pytest

from medsynth.core.errors import InputError, UsageError
from medsynth.core.keys import key_of
from medsynth.exporters.reject import read_rejected

SAMPLES = {key_of(k): k for k in range(12)}
REAL = {"p01", "p02"}


def read(tmp_path, text):
    path = tmp_path / "ids.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_rejected(path, SAMPLES, REAL)


def test_ids_comments_and_blank_lines(tmp_path):
    text = "\ufeff# blurry\r\n s0000002 \n\ns0000004  # 0.02 faithful\ns0000002\n"
    assert read(tmp_path, text) == {"s0000002", "s0000004"}
    assert read(tmp_path, "# nothing yet\n") == frozenset()


def test_all_problems_in_one_report_each_with_its_line_and_a_hint(tmp_path):
    text = "s0000001\np01\n# fine\n7.png\ns000000002\nS0000003\nnonsense\ns0000099\n"
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    what = caught.value.what
    assert "line 2: p01 is a real pair (did you mean 's0000001'?)" in what
    assert "line 4: 7.png is no sample (did you mean 's0000007'?)" in what
    assert "line 5: s000000002 is no sample (did you mean 's0000002'?)" in what
    assert "line 6: S0000003 is no sample (did you mean 's0000003'?)" in what
    assert "line 7: nonsense is no sample," in what
    assert "line 8: s0000099 is no sample (did you mean 's00000" in what
    assert "line 1" not in what
    assert "medsynth show --sheet" in (caught.value.tip or "")


@pytest.mark.parametrize("text", [b"\xff\xfe\x00", None])
def test_what_is_no_text_file(tmp_path, text):
    with pytest.raises(UsageError, match=r"export.reject: .*ids.txt cannot be read"):
        read(tmp_path, text) if text else read_rejected(tmp_path / "ids.txt", SAMPLES, REAL)


def test_many_wrong_ids_among_very_many_take_a_moment(tmp_path):
    import time

    samples = {key_of(k): k for k in range(200_000)}
    path = tmp_path / "ids.txt"
    path.write_text("".join(f"t{k}x\n" for k in range(30)))
    started = time.perf_counter()
    with pytest.raises(InputError, match="and 10 more"):
        read_rejected(path, samples, REAL)
    assert time.perf_counter() - started < 10
