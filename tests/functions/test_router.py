"""Each function to the engine of its runtime, and no engine that no function needs."""

import asyncio

import pytest

from edgerun.functions.function import Function
from edgerun.functions.router import RuntimeRouter
from edgerun.functions.runtime import Invocation

LAMBDA = Function(name="fn", root="/", handler="fn.handler", runtime="python")
LIGHT = Function(name="light", root="/", handler="light.handler", runtime="cloudfront-js-2.0")


class Engine:
    """Answers with its name and writes down what it is told."""

    def __init__(self, name):
        self.name = name
        self.told = []

    async def invoke(self, function, event, *, label):
        self.told.append(("invoke", function.name))
        return Invocation(payload=self.name.encode(), aws_request_id=label)

    async def warm(self, function):
        self.told.append(("warm", function.name))

    def hold(self, function):
        self.told.append(("hold", function.name))

    def retire(self, function):
        self.told.append(("retire", function.name))

    async def aclose(self):
        self.told.append("closed")


@pytest.fixture
def engines():
    return {"usual": Engine("usual"), "light": Engine("light")}


@pytest.fixture
def made():
    return []


@pytest.fixture
def router(engines, made):
    def make():
        made.append("light")
        return engines["light"]

    return RuntimeRouter(engines["usual"], {"cloudfront-js-": make})


@pytest.mark.parametrize(("function", "name"), [(LAMBDA, b"usual"), (LIGHT, b"light")])
def test_a_function_runs_on_the_engine_of_its_runtime(router, function, name):
    assert asyncio.run(router.invoke(function, b"{}", label="a")).payload == name


def test_an_engine_is_made_once_and_only_when_it_is_needed(router, engines, made):
    asyncio.run(router.invoke(LAMBDA, b"{}", label="a"))
    asyncio.run(router.aclose())
    assert (made, engines["light"].told) == ([], [])
    asyncio.run(router.invoke(LIGHT, b"{}", label="a"))
    asyncio.run(router.invoke(LIGHT, b"{}", label="b"))
    assert made == ["light"]
    asyncio.run(router.aclose())
    assert (engines["usual"].told[-1], engines["light"].told[-1]) == ("closed", "closed")


def test_what_else_an_engine_is_told_reaches_the_right_one(router, engines):
    asyncio.run(router.engine_of(LIGHT).warm(LIGHT))
    router.engine_of(LIGHT).retire(LIGHT)
    router.engine_of(LAMBDA).hold(LAMBDA)
    assert engines["light"].told == [("warm", "light"), ("retire", "light")]
    assert engines["usual"].told == [("hold", "fn")]
