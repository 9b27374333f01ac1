"""One set of worker processes for all examples of a test module; every test runs in both languages."""

import pytest
from stage import Stage, Workers


@pytest.fixture(scope="module")
def workers():
    made = Workers()
    yield made
    made.close()


@pytest.fixture(params=["python", pytest.param("node", marks=pytest.mark.node)])
def language(request):
    return request.param


@pytest.fixture
def stage(workers, language):
    """Return a maker of stages: the example, its point, what the behavior and the origin are like.

    At the end, what was forgiven must be what the test said of it: documented functions break no rule.
    """
    made = []

    def make(name, point, *, forgiven=(), **given):
        play = Stage(workers, name, language, point, **given)
        made.append((play, list(forgiven)))
        return play

    yield make
    assert [play.warned for play, _ in made] == [forgiven for _, forgiven in made]
