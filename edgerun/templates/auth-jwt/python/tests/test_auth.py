"""Tokens, through the whole edge, and one by one."""

import time

import auth
import pytest

HOUR = 3600


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def test_a_token_lets_in(edge):
    token = auth.signed_token({"sub": "sam", "exp": time.time() + HOUR})
    answer = edge.get("/", headers=bearer(token))
    assert answer.status == 200
    assert answer.stage("viewer-request").result["headers"]["x-user"][0]["value"] == "sam"


@pytest.mark.parametrize("headers", [{}, bearer("a.b.c"), {"Authorization": "Basic eDp5"}, {"X-User": "sam"}])
def test_nothing_else_does(edge, headers):
    answer = edge.get("/", headers=headers)
    assert answer.status == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")


def token(head, claims):
    text = ".".join(auth.encoded(part.encode()) for part in (head, claims))
    return f"{text}.{auth.encoded(auth.mac(text))}"


HS256 = '{"alg":"HS256"}'


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "a.b",
        token('{"alg":"none"}', '{"exp":200}'),
        token('{"alg":"none"}', '{"exp":200}').rpartition(".")[0] + ".",
        token('{"alg":"HS512"}', '{"exp":200}'),
        token('{"alg":"HS256","crit":["b64"]}', '{"exp":200}'),
        token(HS256, '{"exp":100}'),
        token(HS256, '{"exp":"200"}'),
        token(HS256, '{"exp":true}'),
        token(HS256, "{}"),
        token(HS256, "[]"),
        token(HS256, '{"exp":200,"nbf":101}'),
        token(HS256, '{"exp":200}')[:-4] + "AAAA",
        token(HS256, '{"exp":200}') + "=",
        token(HS256, '{"exp":200}') + ".x",
    ],
)
def test_what_is_refused(text):
    assert auth.verified(text, now=100.0) is None


def test_what_is_taken():
    assert auth.verified(token(HS256, '{"exp":200,"nbf":100}'), now=100.0) == {"exp": 200, "nbf": 100}
