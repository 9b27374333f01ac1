"""Sources: cloudfront.md §6.4 to §6.6; lambda-at-edge.md §9.1."""

import pytest

from edgerun import errors
from edgerun.answers import ROWS, error_response, https_redirect, page, page_instead, row_for, sentence_for, signed
from edgerun.http.headers import Headers
from edgerun.http.message import Response
from edgerun.testing.origin import respond

ID = "k6WGMNkEzR5BEM_SaF47gjtX9zBDO2m349OY2an0QPEaUum1ZOLrow=="
DATE = b"Tue, 07 Apr 2026 10:00:00 GMT"


def everything_under(cls):
    return {cls} | {deeper for child in cls.__subclasses__() for deeper in everything_under(child)}


CONCRETE = sorted(
    (cls for cls in everything_under(errors.EdgeError) if cls.__module__ == errors.__name__ and cls not in {
        errors.EdgeError, errors.RequestError, errors.OriginError, errors.FunctionError
    }),
    key=lambda cls: cls.__name__,
)  # fmt: skip


def raised(cls):
    if cls is errors.AccessDenied:
        return cls("MissingKey", "told")
    return cls("told", rule="L1") if cls is errors.FunctionResultError else cls("told")


# §6.5: lengths of captured pages, with an id of 56 characters
@pytest.mark.parametrize(
    ("sentence", "length"),
    [
        pytest.param("Request blocked.", 919, id="WAF"),
        pytest.param("Bad request.", 915, id="unknown host"),
        pytest.param(sentence_for(errors.MethodNotAllowed("x")), 1053, id="method"),
    ],
)
def test_a_page_is_as_long_as_the_real_one(sentence, length):
    assert len(ID) == 56
    made = page(403, sentence, ID, DATE)
    assert made.body.length == length
    assert made.headers.get(b"content-length") == b"%d" % length


def test_a_page_says_its_status_its_sentence_and_its_id_and_ends_without_a_line_feed():
    text = page(502, "Nothing there.", ID, DATE).body.data
    assert b"\n<H1>502 ERROR</H1>\n" in text
    assert b"\nNothing there.\n" in text
    assert b"\nRequest ID: " + ID.encode() + b"\n" in text
    assert text.endswith(b"</HTML>")
    assert b"\r" not in text


def test_a_page_has_cloudfronts_headers_in_order():
    lines = list(page(403, "Bad request.", ID, DATE).headers)
    assert lines[:3] == [(b"Server", b"CloudFront"), (b"Date", DATE), (b"Content-Type", b"text/html")]


def test_what_a_function_said_cannot_become_markup():
    text = page(502, 'rule <script>alert("1")</script> & é 日', ID, DATE).body.data
    assert b"<script>" not in text
    assert b"&lt;script&gt;" in text
    assert "é".encode("latin-1") in text
    assert b"&#26085;" in text


# lambda-at-edge.md §9.1; cloudfront.md §6.5: status, word, whether the connection closes
EXPECTED = {
    errors.BadRequest: (400, "Error", True),
    errors.NoSuchDistribution: (403, "Error", False),
    errors.BodyNotAllowed: (403, "Error", True),
    errors.MethodNotAllowed: (403, "Error", False),
    errors.HttpsOnly: (403, "Error", False),
    errors.CountryBlocked: (403, "Error", False),
    errors.AccessDenied: (403, "Error", False),
    errors.UriTooLong: (414, "Error", True),
    errors.HeadersTooLarge: (494, "Error", True),
    errors.NothingStored: (504, "Error", False),
    errors.OriginDnsError: (502, "Error", False),
    errors.OriginConnectError: (502, "Error", False),
    errors.OriginProtocolError: (502, "Error", False),
    errors.OriginPartLength: (502, "Error", False),
    errors.OriginTimeout: (504, "Error", False),
    errors.FunctionExecutionError: (503, "LambdaExecutionError", False),
    errors.FunctionInitError: (503, "LambdaExecutionError", False),
    errors.FunctionTimeout: (503, "LambdaExecutionError", False),
    errors.FunctionThrottled: (503, "LambdaLimitExceeded", False),
    errors.FunctionResultError: (502, "LambdaValidationError", False),
}


@pytest.mark.parametrize("cls", CONCRETE, ids=lambda cls: cls.__name__)
def test_every_error_is_answered_as_the_table_says(cls):
    row = row_for(raised(cls))
    assert (row.status, row.word, row.close) == EXPECTED[cls]
    assert error_response(raised(cls), ID, DATE).status == row.status
    assert cls is errors.AccessDenied or sentence_for(raised(cls)).endswith(".")  # that one is answered in XML


def test_every_row_is_some_errors():
    assert set(ROWS) <= set(CONCRETE)


def test_an_error_without_a_row_is_a_fault_of_ours():
    with pytest.raises(LookupError, match="EdgeError"):
        row_for(errors.EdgeError("nothing in particular"))


def test_a_refused_result_is_told_in_cloudfronts_words_if_there_are_any():
    told = errors.FunctionResultError("ours", rule="L1", page="The Lambda function result failed validation: x.")
    assert sentence_for(told) == "The Lambda function result failed validation: x."
    assert (
        sentence_for(errors.FunctionResultError("ours", rule="L1")) == "The Lambda function result failed validation."
    )


# §4.4, §6.6
@pytest.mark.parametrize(
    ("method", "status", "reason", "length"),
    [
        pytest.param("GET", 301, b"Moved Permanently", 167, id="GET"),
        pytest.param("HEAD", 301, b"Moved Permanently", 167, id="HEAD"),
        *[
            pytest.param(method, 307, b"Temporary Redirect", 169, id=method)
            for method in ("DELETE", "OPTIONS", "PATCH", "POST", "PUT")
        ],
    ],
)
def test_the_redirect_to_https(method, status, reason, length):
    told = https_redirect(method, b"shop.example", b"/a%20b?c=%7e", DATE)
    assert (told.status, told.reason) == (status, reason)
    assert told.headers.get(b"location") == b"https://shop.example/a%20b?c=%7e"
    assert told.headers.get(b"content-length") == b"%d" % length
    assert told.body.length == length
    assert told.body.data.count(b"\r\n") == told.body.data.count(b"\n") == 7
    assert b"<h1>%d %s</h1>" % (status, reason) in told.body.data


def test_a_generated_response_is_signed_unless_it_says_otherwise():
    bare = signed(Response(status=200), DATE)
    assert list(bare.headers) == [(b"Server", b"CloudFront"), (b"Date", DATE)]
    own = Response(status=200, headers=Headers([(b"server", b"mine"), (b"DATE", b"then")]))
    assert signed(own, DATE) is own


# §6.4, items 4 and 6
@pytest.mark.parametrize(
    ("page_status", "response_code", "shown"),
    [
        pytest.param(200, 200, 200, id="as another status"),
        pytest.param(200, 503, 503, id="as an error"),
        pytest.param(200, None, 404, id="under the status it replaces"),
        pytest.param(403, 200, 403, id="a page that fails keeps its own"),
    ],
)
def test_a_custom_error_page_stands_under_its_status(page_status, response_code, shown):
    assert page_instead(respond(page_status, b"sorry"), 404, response_code).status == shown
