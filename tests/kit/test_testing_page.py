"""The page on testing says what is so: its files, written down, pass."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"

pytest_plugins = ["pytester"]


def test_the_pages_own_tests_pass(pytester):
    files = re.findall(r'^```\w+ title="([^"]+)"\n(.*?)^```', PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(files) >= 5
    for name, text in files:
        path = pytester.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    (pytester.path / "pytest.ini").write_text("[pytest]\npythonpath = .\nfilterwarnings = error\n")
    done = pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:cacheprovider")
    done.assert_outcomes(passed=8)
