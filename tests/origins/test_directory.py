"""Sources: cloudfront.md §13.2 (REST), §13.3 (website)."""

import asyncio
import gc
import hashlib
import os
import re
from pathlib import Path
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edgerun.errors import ConfigError, OriginProtocolError
from edgerun.http.fields import format_date
from edgerun.http.headers import Headers
from edgerun.http.message import Request, read
from edgerun.origins.directory import DirectoryOrigin
from edgerun.origins.files import CHUNK, FileBody, OpenFile, Root, Unavailable, real_path
from edgerun.origins.objects import READ_WHOLE, Objects
from edgerun.origins.origin import Origin

NOW = 2_000_000_000.0
MODIFIED = 1_000_000_000
HELLO = b"hello world"
HELLO_TAG = b'"5eb63bbbe01eeed093cb22bb8f5acdc3"'
CANARY = b"canary: outside the root"


@pytest.fixture
def root(tmp_path):
    (tmp_path / "secret.txt").write_bytes(CANARY)
    root = tmp_path / "root"
    put(root / "hello.txt", HELLO)
    put(root / "index.html", b"<p>home")
    put(root / "docs/index.html", b"<p>docs")
    put(root / "docs/a b+c.html", b"spaced")
    return root


def put(path: Path, content: bytes, *, modified: float = MODIFIED) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (modified, modified))
    return path


async def fetched(origin, path, *lines, method="GET", query=None):
    answer = await origin.fetch(Request(method=method, path=path, query=query, headers=Headers(lines)))
    try:
        return answer, await read(answer.body)
    finally:
        await answer.body.aclose()


def get(root, path, *lines, method="GET", query=None, **options):
    origin = DirectoryOrigin(root, clock=lambda: NOW, **options)
    return asyncio.run(fetched(origin, path, *lines, method=method, query=query))


def code_of(body: bytes) -> str:
    found = re.search(rb"<Code>(\w+)</Code>|Code: (\w+)", body)
    return (found[1] or found[2]).decode() if found else ""


def open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


# --- REST: objects


def test_an_object_is_sent_with_the_headers_of_s3_in_its_order(root):
    answer, body = get(root, b"/hello.txt")
    assert (answer.status, answer.reason, body) == (200, b"OK", HELLO)
    assert answer.headers.lines[2:] == (
        (b"Content-Type", b"text/plain"),
        (b"Content-Length", b"11"),
        (b"Last-Modified", b"Sun, 09 Sep 2001 01:46:40 GMT"),
        (b"x-amz-server-side-encryption", b"AES256"),
        (b"Accept-Ranges", b"bytes"),
        (b"Server", b"AmazonS3"),
        (b"Date", format_date(NOW)),
        (b"ETag", HELLO_TAG),
    )
    assert re.fullmatch(rb"[0-9A-Z]{16}", answer.headers.get(b"x-amz-request-id"))
    assert answer.headers.get(b"x-amz-id-2")


def test_head_has_the_headers_of_get_and_no_body(root):
    head, body = get(root, b"/hello.txt", method="HEAD")
    whole, _ = get(root, b"/hello.txt")
    assert body == b""
    assert head.headers.lines[2:] == whole.headers.lines[2:]


# cloudfront.md §13.2: keys are percent-decoded and opaque
@pytest.mark.parametrize(
    ("path", "status"),
    [
        pytest.param(b"/docs/index.html", 200, id="key in a folder"),
        pytest.param(b"/docs/a%20b+c.html", 200, id="space encoded, plus literal"),
        pytest.param(b"/docs%2Findex.html", 200, id="encoded slash is part of the key"),
        pytest.param(b"/%68ello.txt", 200, id="needless encoding"),
        pytest.param(b"/docs/a%20b%20c.html", 404, id="plus is no space"),
        pytest.param(b"/docs", 404, id="folder"),
        pytest.param(b"/docs/", 404, id="folder with slash"),
        pytest.param(b"/hello.txt/", 404, id="file with slash"),
        pytest.param(b"/Hello.txt", 404, id="other case"),
        pytest.param(b"//hello.txt", 404, id="leading double slash"),
        pytest.param(b"/docs//index.html", 404, id="double slash"),
        pytest.param(b"/./hello.txt", 404, id="dot segment"),
        pytest.param(b"/docs/../hello.txt", 404, id="dot-dot inside the root"),
        pytest.param(b"/../secret.txt", 404, id="dot-dot out of the root"),
        pytest.param(b"/%2e%2e/secret.txt", 404, id="encoded dots"),
        pytest.param(b"/..%2fsecret.txt", 404, id="encoded slash after dots"),
        pytest.param(b"/..%5csecret.txt", 404, id="encoded backslash"),
        pytest.param(b"/..\\secret.txt", 404, id="backslash"),
        pytest.param(b"/hello.txt%00", 404, id="NUL"),
        pytest.param(b"/%c0%ae%c0%ae/secret.txt", 404, id="overlong dots"),
        pytest.param(b"/%ff.txt", 404, id="invalid UTF-8"),
        pytest.param(b"/%ed%a0%80", 404, id="surrogate"),
        pytest.param(b"/%252e%252e/secret.txt", 404, id="encoded twice"),
        pytest.param(b"/" + b"x" * 300, 404, id="name too long"),
        pytest.param(b"/" + b"x/" * 3000 + b"x", 404, id="path too long"),
        pytest.param(b"/.edgerun-meta.toml", 404, id="sidecar"),
        pytest.param(b"/hello%zz.txt", 400, id="malformed encoding"),
    ],
)
def test_which_keys_exist(root, path, status):
    put(root / ".edgerun-meta.toml", b"")
    answer, body = get(root, path, list_bucket=True)
    assert answer.status == status
    assert CANARY not in body


@pytest.mark.parametrize("name", ["back\\slash", "\udcff.txt"])
def test_files_no_key_can_name_are_missing(root, name):
    path = put(root / name, b"x")
    assert get(root, b"/" + quote_from_bytes(os.fsencode(path.name)).encode(), list_bucket=True)[0].status == 404


def test_a_key_in_unicode_is_found(root):
    put(root / "größe.txt", b"x")
    assert get(root, b"/gr%C3%B6%C3%9Fe.txt")[0].status == 200


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.html", b"text/html"),
        ("a.CSS", b"text/css"),
        ("a.min.js", b"text/javascript"),
        ("a.d/b", b"binary/octet-stream"),
        ("a.unknown", b"binary/octet-stream"),
        ("html", b"binary/octet-stream"),
    ],
)
def test_the_content_type_follows_the_extension(root, name, content_type):
    put(root / name, b"x")
    assert get(root, b"/" + name.encode())[0].headers.get(b"content-type") == content_type


def test_an_empty_file_is_an_object(root):
    put(root / "empty", b"")
    answer, body = get(root, b"/empty")
    assert (answer.status, answer.headers.get(b"content-length"), body) == (200, b"0", b"")


# --- REST: faults


def test_a_missing_key_is_told_in_xml(root):
    answer, body = get(root, b"/no%3Cpe", list_bucket=True)
    ids = (answer.headers.get(b"x-amz-request-id"), answer.headers.get(b"x-amz-id-2"))
    assert (answer.status, answer.headers.get(b"content-type")) == (404, b"application/xml")
    assert b"content-length" not in answer.headers
    assert body == (
        b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Message>The specified key does not '
        b"exist.</Message><Key>no&lt;pe</Key><RequestId>%s</RequestId><HostId>%s</HostId></Error>" % ids
    )


def test_a_private_bucket_does_not_tell_missing_from_forbidden(root):
    answer, body = get(root, b"/nope")
    assert (answer.status, code_of(body)) == (403, "AccessDenied")
    assert b"<Key>" not in body


def test_control_characters_of_a_key_are_written_as_references(root):
    assert b"<Key>a&#x1;&#xd;</Key>" in get(root, b"/a%01%0d", list_bucket=True)[1]


def test_an_error_to_head_has_no_body(root):
    answer, body = get(root, b"/nope", method="HEAD")
    assert (answer.status, body) == (403, b"")


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH", "BREW"])
def test_other_methods_are_not_allowed(root, method):
    answer, body = get(root, b"/hello.txt", method=method)
    assert (answer.status, code_of(body), answer.headers.get(b"allow")) == (405, "MethodNotAllowed", b"GET, HEAD")
    assert f"<Method>{method}</Method><ResourceType>OBJECT</ResourceType>".encode() in body


def test_a_preflight_is_refused(root):
    answer, body = get(root, b"/hello.txt", method="OPTIONS")
    assert (answer.status, code_of(body)) == (403, "AccessForbidden")


def test_a_file_that_may_not_be_read_is_403(root, monkeypatch):
    def refused(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refused)
    assert Root(root).open(b"hello.txt") is Unavailable.DENIED
    assert get(root, b"/hello.txt", list_bucket=True)[0].status == 403


def test_too_many_open_files_is_not_a_missing_key(root, monkeypatch):
    def refused(*_args, **_kwargs):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "open", refused)
    answer, body = get(root, b"/hello.txt", list_bucket=True)
    assert (answer.status, code_of(body)) == (500, "InternalError")


# --- REST: conditionals and ranges (§13.2)


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        pytest.param([(b"If-None-Match", HELLO_TAG)], 304, id="If-None-Match"),
        pytest.param([(b"If-None-Match", b'"x"')], 200, id="If-None-Match differs"),
        pytest.param([(b"If-Modified-Since", format_date(MODIFIED))], 304, id="If-Modified-Since"),
        pytest.param([(b"If-Modified-Since", format_date(MODIFIED - 1))], 200, id="modified since"),
        pytest.param(
            [(b"If-Match", HELLO_TAG), (b"If-Unmodified-Since", format_date(0))], 200, id="If-Match true decides"
        ),
        pytest.param(
            [(b"If-None-Match", HELLO_TAG), (b"If-Modified-Since", format_date(0))], 304, id="If-None-Match decides"
        ),
        pytest.param([(b"If-Match", b'"x"')], 412, id="If-Match fails"),
        pytest.param([(b"If-Unmodified-Since", format_date(0))], 412, id="If-Unmodified-Since fails"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_conditionals(root, method, lines, status):
    assert get(root, b"/hello.txt", *lines, method=method)[0].status == status


def test_a_304_has_validators_and_no_content_headers(root):
    answer, body = get(root, b"/hello.txt", (b"If-None-Match", HELLO_TAG))
    assert list(answer.headers.names())[2:] == [b"last-modified", b"server", b"date", b"etag"]
    assert body == b""


@pytest.mark.parametrize(
    ("line", "condition"),
    [
        ((b"If-Match", b'"x"'), b"If-Match"),
        ((b"If-Unmodified-Since", format_date(0)), b"If-Unmodified-Since"),
    ],
)
def test_a_412_names_the_condition(root, line, condition):
    body = get(root, b"/hello.txt", line)[1]
    assert code_of(body) == "PreconditionFailed"
    assert b"<Condition>" + condition + b"</Condition>" in body


@pytest.mark.parametrize(
    ("field", "status", "part", "where"),
    [
        (b"bytes=0-4", 206, b"hello", b"bytes 0-4/11"),
        (b"bytes=6-", 206, b"world", b"bytes 6-10/11"),
        (b"bytes=-5", 206, b"world", b"bytes 6-10/11"),
        (b"bytes=6-99", 206, b"world", b"bytes 6-10/11"),
        (b"bytes=0-1,4-5", 200, HELLO, None),
        (b"bytes=0-1,40-50", 200, HELLO, None),
        (b"bytes=5-1", 200, HELLO, None),
        (b"lines=0-1", 200, HELLO, None),
    ],
)
def test_ranges(root, field, status, part, where):
    answer, body = get(root, b"/hello.txt", (b"Range", field))
    assert (answer.status, body, answer.headers.get(b"content-range")) == (status, part, where)
    assert answer.headers.get(b"content-length") == str(len(part)).encode()


def test_an_unsatisfiable_range_is_told_with_the_size(root):
    answer, body = get(root, b"/hello.txt", (b"Range", b"bytes=11-"))
    assert (answer.status, answer.reason) == (416, b"Requested Range Not Satisfiable")
    assert answer.headers.get(b"content-range") == b"bytes */11"
    assert code_of(body) == "InvalidRange"
    assert b"<RangeRequested>bytes=11-</RangeRequested><ActualObjectSize>11</ActualObjectSize>" in body


def test_head_has_no_range(root):
    answer, _ = get(root, b"/hello.txt", (b"Range", b"bytes=0-4"), method="HEAD")
    assert (answer.status, answer.headers.get(b"content-length")) == (200, b"11")


@pytest.mark.parametrize(("if_range", "status"), [(HELLO_TAG, 206), (b'"x"', 200), (format_date(MODIFIED), 206)])
def test_if_range(root, if_range, status):
    assert get(root, b"/hello.txt", (b"Range", b"bytes=0-1"), (b"If-Range", if_range))[0].status == status


# --- REST: listing


def test_a_listing_holds_the_keys_in_byte_order(root):
    put(root / "docs.txt", b"x")
    put(root / ".edgerun-meta.toml", b"")
    (root / "link.txt").symlink_to(root.parent / "secret.txt")
    answer, body = get(root, b"/", list_bucket=True)
    keys = re.findall(rb"<Key>(.*?)</Key>", body)
    assert (answer.status, answer.headers.get(b"content-type")) == (200, b"application/xml")
    assert keys == [b"docs.txt", b"docs/a b+c.html", b"docs/index.html", b"hello.txt", b"index.html"]
    assert b"<Name>root</Name>" in body
    assert b"<LastModified>2001-09-09T01:46:40.000Z</LastModified><Size>11</Size>" in body


def test_a_listing_can_be_narrowed_by_prefix(root):
    body = get(root, b"/", query=b"list-type=2&prefix=docs%2Fa", list_bucket=True)[1]
    assert re.findall(rb"<Key>(.*?)</Key>", body) == [b"docs/a b+c.html"]
    assert b"<Prefix>docs/a</Prefix>" in body


def test_a_listing_ends_after_a_thousand_keys(root):
    (root / "many").mkdir()
    for number in range(1001):
        (root / f"many/{number:04}").touch()
    body = get(root, b"/", query=b"prefix=many/", list_bucket=True)[1]
    assert body.count(b"<Key>") == 1000
    assert b"<IsTruncated>true</IsTruncated>" in body
    assert b"many/1000" not in body


def test_a_private_bucket_is_not_listed(root):
    answer, body = get(root, b"/")
    assert (answer.status, code_of(body)) == (403, "AccessDenied")


# --- REST: metadata


def with_metadata(root, text):
    put(root / ".edgerun-meta.toml", text.encode(), modified=MODIFIED + len(text))


def test_metadata_is_sent_in_s3_order_and_later_tables_win(root):
    with_metadata(
        root,
        """
        ["*.txt"]
        cache-control = "max-age=1"
        content-type = "text/plain; charset=utf-8"
        x-amz-meta-owner = "shop"
        ["hello.txt"]
        Cache-Control = "max-age=2"
        content-language = "en"
        content-encoding = "identity"
        x-amz-website-redirect-location = "/elsewhere"
        ["docs/*"]
        expires = "never"
        """,
    )
    answer, _ = get(root, b"/hello.txt")
    assert answer.status == 200
    assert [line for line in answer.headers.lines[2:] if line[0] not in {b"Date", b"Server"}] == [
        (b"Content-Type", b"text/plain; charset=utf-8"),
        (b"Content-Length", b"11"),
        (b"Last-Modified", format_date(MODIFIED)),
        (b"x-amz-server-side-encryption", b"AES256"),
        (b"x-amz-meta-owner", b"shop"),
        (b"Content-Encoding", b"identity"),
        (b"Content-Language", b"en"),
        (b"x-amz-website-redirect-location", b"/elsewhere"),
        (b"Accept-Ranges", b"bytes"),
        (b"Cache-Control", b"max-age=2"),
        (b"ETag", HELLO_TAG),
    ]


@pytest.mark.parametrize(
    ("pattern", "key", "matches"),
    [
        ("docs/*", "docs/deep/x", True),
        ("*.html", "docs/index.html", True),
        ("docs/?", "docs/x", True),
        ("docs/?", "docs/xy", False),
        ("[id].html", "[id].html", True),
        ("[id].html", "i.html", False),
        ("docs/index.html", "docs/indexxhtml", False),
    ],
)
def test_patterns_know_only_star_and_question_mark(root, pattern, key, matches):
    put(root / key, b"x")
    with_metadata(root, f'["{pattern}"]\nx-amz-meta-found = "yes"')
    found = get(root, b"/" + quote_from_bytes(key.encode()).encode())[0].headers.get(b"x-amz-meta-found")
    assert (found == b"yes") is matches


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            '["a"]\nexpires = "0"\ncache-contrl = "x"',
            ":3: 'a': 'cache-contrl' is not metadata; did you mean 'cache-control'?",
            id="unknown name",
        ),
        pytest.param('["a"]\n\n["b"]\nexpires = 0', ":4: 'b': 'expires' must be a string on one line", id="number"),
        pytest.param(
            '["a"]\nexpires = "a\\r\\nSet-Cookie: x"', ":2: 'a': 'expires' must be a string on one line", id="CR LF"
        ),
        pytest.param('x-y = "z"', ":1: 'x-y' stands outside a table; write [\"*\"] above it", id="no table"),
        pytest.param('[a.b]\nexpires = "0"', ':1: [a.b] has a dot outside quotes; write ["a.b"]', id="dotted table"),
        pytest.param('["a"]\nzzz = "0"', ":2: 'a': 'zzz' is not metadata; known are content-type,", id="unlike any"),
        pytest.param(
            '["a"]\nx-amz-website-redirect-location = "b"',
            ":2: 'a': 'x-amz-website-redirect-location' must begin with /, http:// or https://, not 'b'",
            id="redirect",
        ),
        pytest.param('["a"]\nexpires = ?', ".toml:2: Invalid value", id="no TOML"),
        pytest.param('["a"]\nexpires = ', ".toml: Invalid value (at end of document)", id="no TOML at the end"),
        pytest.param('["a"]\nexpires = "\udcff"', "cannot be read", id="no UTF-8"),
    ],
)
def test_a_bad_sidecar_is_told_by_line_and_key(root, text, message):
    (root / ".edgerun-meta.toml").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ConfigError) as caught:
        DirectoryOrigin(root)
    assert str(caught.value).startswith(str(root / ".edgerun-meta.toml"))
    assert message in str(caught.value)


def test_the_sidecar_is_read_again_when_it_changes_and_a_bad_edit_keeps_the_last_good_one(root):
    origin = DirectoryOrigin(root)

    def owner():
        return asyncio.run(fetched(origin, b"/hello.txt"))[0].headers.get(b"x-amz-meta-owner")

    assert owner() is None
    with_metadata(root, '["*"]\nx-amz-meta-owner = "one"')
    assert (owner(), origin.problem) == (b"one", None)
    with_metadata(root, '["*"]\nx-amz-meta-owner = ?')
    assert owner() == b"one"
    assert ".edgerun-meta.toml:2: " in origin.problem
    with_metadata(root, '["*"]\nx-amz-meta-owner = "three"')
    assert (owner(), origin.problem) == (b"three", None)
    (root / ".edgerun-meta.toml").unlink()
    assert owner() is None


def test_the_sidecar_is_not_served_by_another_name(root):
    with_metadata(root, "")
    (root / "link.txt").symlink_to(".edgerun-meta.toml")
    (root / "hard.txt").hardlink_to(root / ".edgerun-meta.toml")
    assert [get(root, path, list_bucket=True)[0].status for path in (b"/link.txt", b"/hard.txt")] == [404, 404]


def test_a_root_that_is_no_directory_is_refused(root):
    with pytest.raises(ConfigError, match="not a directory"):
        DirectoryOrigin(root / "hello.txt")


# --- No way out of the root


def test_links_are_followed_inside_the_root_only(root):
    (root / "inside").symlink_to("hello.txt")
    (root / "docs/up").symlink_to("../hello.txt")
    (root / "folder").symlink_to("docs")
    (root / "outside").symlink_to("../secret.txt")
    (root / "absolute").symlink_to(root.parent / "secret.txt")
    (root / "parent").symlink_to("..")
    (root / "hop").symlink_to("parent/secret.txt")
    (root / "loop").symlink_to("loop")
    (root / "dangling").symlink_to("nothing")
    served = [b"/inside", b"/docs/up", b"/folder/index.html"]
    refused = [b"/outside", b"/absolute", b"/parent/secret.txt", b"/hop", b"/loop", b"/dangling", b"/folder"]
    assert [get(root, path)[0].status for path in served] == [200] * 3
    assert [get(root, path, list_bucket=True)[0].status for path in refused] == [404] * 7


def test_a_sibling_whose_name_begins_like_the_root_is_outside(root):
    put(root.parent / "root-2/x", CANARY)
    (root / "sibling").symlink_to("../root-2/x")
    assert get(root, b"/sibling", list_bucket=True)[0].status == 404


def test_pipes_devices_and_sockets_are_missing(root):
    os.mkfifo(root / "pipe")
    (root / "null").symlink_to("/dev/null")
    assert [get(root, path, list_bucket=True)[0].status for path in (b"/pipe", b"/null")] == [404, 404]


def test_a_link_switched_between_check_and_open_leads_nowhere(root, monkeypatch):
    """The file is a harmless one when it is looked at and a link out when it is opened."""
    really_open = os.open

    def switch_and_open(path, *args, **kwargs):
        (root / "hello.txt").unlink()
        (root / "hello.txt").symlink_to("../secret.txt")
        return really_open(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", switch_and_open)
    assert Root(root).open(b"hello.txt") is Unavailable.MISSING


def test_a_root_that_is_a_link_can_be_switched_to_a_new_release(root):
    put(root.parent / "two/hello.txt", b"second")
    current = root.parent / "current"
    current.symlink_to("root")
    origin = DirectoryOrigin(current)
    assert asyncio.run(fetched(origin, b"/hello.txt"))[1] == HELLO
    current.unlink()
    current.symlink_to("two")
    assert asyncio.run(fetched(origin, b"/hello.txt"))[1] == b"second"


def test_without_procfs_a_path_must_still_lead_to_the_opened_file(root, tmp_path):
    path = os.fsencode(root / "hello.txt")
    file = OpenFile(os.open(path, os.O_RDONLY))
    assert real_path(file, path, procfs=tmp_path / "none") == os.path.realpath(path)
    put(root / "other.txt", b"x").replace(root / "hello.txt")
    assert real_path(file, path, procfs=tmp_path / "none") is None


@pytest.fixture(scope="module")
def trapped(tmp_path_factory):
    base = tmp_path_factory.mktemp("trapped")
    (base / "secret").write_bytes(CANARY)
    put(base / "root/a/b", b"inside")
    (base / "root/link").symlink_to("..")
    (base / "root/a/link").symlink_to("../../secret")
    return [DirectoryOrigin(base / "root", website=website, list_bucket=True) for website in (False, True)]


SEGMENTS = st.sampled_from(
    [b"..", b"%2e%2e", b".%2E", b"%2f", b"/", b"%5c", b"\\", b"%00", b"%c0%ae", b"a", b"b", b"link", b"secret", b"root"]
) | st.binary(max_size=3)


@given(path=st.binary() | st.lists(SEGMENTS, max_size=8).map(b"/".join), method=st.sampled_from(["GET", "HEAD"]))
@example(path=b"link/secret", method="GET")
@example(path=b"a/link", method="GET")
def test_no_path_leaves_the_root(trapped, path, method):
    for origin in trapped:
        answer, body = asyncio.run(fetched(origin, b"/" + path, method=method, query=b"prefix=" + path))
        assert CANARY not in body
        assert answer.status != 200 or body in {b"inside", b""} or b"<ListBucketResult" in body
        assert answer.headers.block


# --- Bodies and entity tags

BIG = bytes(range(256)) * (READ_WHOLE // 256) + b"the end"


def test_a_big_file_is_streamed_in_chunks_as_often_as_wanted(root):
    put(root / "big", BIG)

    async def play():
        answer = await DirectoryOrigin(root).fetch(Request(method="GET", path=b"/big"))
        assert (answer.body.data, answer.body.length) == (None, len(BIG))
        assert answer.headers.get(b"etag").strip(b'"').decode() == hashlib.md5(BIG).hexdigest()
        chunks = [chunk async for chunk in answer.body.stream()]
        assert [len(chunk) for chunk in chunks] == [CHUNK] * 4 + [7]
        assert b"".join(chunks) == await read(answer.body) == BIG
        assert b"".join([chunk async for chunk in answer.body.stream(3, 9)]) == BIG[3:9]
        assert b"".join([chunk async for chunk in answer.body.stream(len(BIG) - 3, 10**9)]) == b"end"
        await answer.body.aclose()
        await answer.body.aclose()

    asyncio.run(play())


def test_a_range_of_a_big_file_is_a_stretch_of_it(root):
    put(root / "big", BIG)
    answer, body = get(root, b"/big", (b"Range", b"bytes=-7"))
    assert (answer.status, answer.body.length, body) == (206, 7, b"the end")


def test_a_stretch_stays_within_its_borders(root):
    async def play():
        file = OpenFile(os.open(root / "hello.txt", os.O_RDONLY))
        part = FileBody(file, 6, 9)
        assert [chunk async for chunk in part.stream(1, 99)] == [b"or"]
        assert [chunk async for chunk in part.stream(3)] == []
        assert repr(part) == "FileBody(3 bytes)"

    asyncio.run(play())


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda path: os.truncate(path, CHUNK + 5), id="truncated"),
        pytest.param(lambda path: path.write_bytes(BIG[::-1]), id="rewritten in place"),
    ],
)
def test_a_file_that_changes_while_it_is_sent_is_never_taken_for_whole(root, spoil):
    path = put(root / "big", BIG)

    async def play():
        answer = await DirectoryOrigin(root).fetch(Request(method="GET", path=b"/big"))
        chunks = answer.body.stream()
        await anext(chunks)
        spoil(path)
        with pytest.raises(OriginProtocolError, match="changed while it was being sent"):
            [chunk async for chunk in chunks]
        await answer.body.aclose()

    asyncio.run(play())


def test_a_replaced_file_is_sent_to_its_end(root):
    path = put(root / "big", BIG)

    async def play():
        answer = await DirectoryOrigin(root).fetch(Request(method="GET", path=b"/big"))
        put(root / "new", b"x").replace(path)
        assert await read(answer.body) == BIG
        await answer.body.aclose()

    asyncio.run(play())


def test_a_closed_body_does_not_read_another_file(root):
    put(root / "big", BIG)

    async def play():
        answer = await DirectoryOrigin(root).fetch(Request(method="GET", path=b"/big"))
        await answer.body.aclose()
        with pytest.raises(OriginProtocolError, match="cannot be read"):
            await read(answer.body)

    asyncio.run(play())


@pytest.mark.parametrize("line", [(b"If-None-Match", b"*"), (b"If-Match", b'"x"'), (b"Range", b"bytes=99999999-")])
def test_no_descriptor_stays_open(root, line):
    put(root / "big", BIG)
    origin = DirectoryOrigin(root)

    async def play():
        await origin.fetch(Request(method="GET", path=b"/big"))  # neither read nor closed
        for method in ("GET", "HEAD"):
            await fetched(origin, b"/big", line, method=method)
        await fetched(origin, b"/hello.txt")
        gc.collect()

    asyncio.run(fetched(origin, b"/big"))
    before = open_descriptors()
    asyncio.run(play())
    assert open_descriptors() == before


def test_an_entity_tag_is_computed_once_per_version_of_a_file(root, monkeypatch):
    path = put(root / "big", BIG)
    hashed = []
    really = OpenFile.md5
    monkeypatch.setattr(OpenFile, "md5", lambda file: hashed.append(file.size) or really(file))

    async def play():
        objects = Objects(root, lambda: NOW)
        first, again = await objects.get(b"big"), await objects.get(b"big")
        assert first.etag == again.etag
        put(path, BIG + b"!")
        assert (await objects.get(b"big")).etag != first.etag

    asyncio.run(play())
    assert hashed == [len(BIG), len(BIG) + 1]


def test_a_file_rewritten_within_one_tick_of_its_clock_gets_a_new_tag(root):
    path = root / "hello.txt"
    origin = DirectoryOrigin(root, clock=lambda: MODIFIED + 0.5)
    first = asyncio.run(fetched(origin, b"/hello.txt"))[0].headers.get(b"etag")
    put(path, HELLO.upper())
    assert asyncio.run(fetched(origin, b"/hello.txt"))[0].headers.get(b"etag") != first
    asyncio.run(origin.aclose())


# --- Website (§13.3)


@pytest.mark.parametrize(
    ("path", "status", "content"),
    [
        pytest.param(b"/", 200, b"<p>home", id="index of the root"),
        pytest.param(b"/docs/", 200, b"<p>docs", id="index of a folder"),
        pytest.param(b"/docs/index.html", 200, b"<p>docs", id="index by name"),
        pytest.param(b"/hello.txt", 200, HELLO, id="object"),
        pytest.param(b"/docs", 302, None, id="folder without slash"),
        pytest.param(b"/bare", 404, None, id="folder without index"),
        pytest.param(b"/bare/", 404, None, id="folder without index, slash"),
        pytest.param(b"/nope", 404, None, id="nothing"),
        pytest.param(b"//docs", 404, None, id="double slash is never redirected"),
        pytest.param(b"/docs//", 404, None, id="doubled slash at the end"),
        pytest.param(b"/..", 404, None, id="dot-dot"),
        pytest.param(b"/%zz", 400, None, id="malformed encoding"),
    ],
)
def test_website_paths(root, path, status, content):
    put(root / "bare/x", b"x")
    answer, body = get(root, path, website=True, list_bucket=True)
    assert answer.status == status
    assert content is None or body == content


def test_a_website_redirects_a_folder_to_its_slash(root):
    put(root / "a b/index.html", b"x")
    answer, body = get(root, b"/a%20b", website=True)
    assert (answer.status, answer.headers.get(b"location")) == (302, b"/a%20b/")
    assert b"<h1>302 Found</h1>" in body


def test_an_object_named_like_a_folder_wins_over_its_index(root):
    put(root / "page", b"object")
    assert get(root, b"/page", website=True)[1] == b"object"


def test_the_index_document_has_a_name(root):
    put(root / "docs/home.htm", b"x")
    assert get(root, b"/docs/", website=True, index_document="home.htm")[1] == b"x"


def test_the_website_error_page_is_exact(root):
    answer, body = get(root, b"/group/1%3C3", website=True, list_bucket=True)
    ids = [answer.headers.get(name).decode() for name in (b"x-amz-request-id", b"x-amz-id-2")]
    assert (answer.status, answer.headers.get(b"content-type")) == (404, b"text/html; charset=utf-8")
    assert body.decode() == (
        "<html>\n<head><title>404 Not Found</title></head>\n<body>\n<h1>404 Not Found</h1>\n<ul>\n"
        "<li>Code: NoSuchKey</li>\n<li>Message: The specified key does not exist.</li>\n<li>Key: group/1&lt;3</li>\n"
        "<li>RequestId: {}</li>\n<li>HostId: {}</li>\n</ul>\n<hr/>\n</body>\n</html>\n".format(*ids)
    )
    assert answer.headers.get(b"x-amz-error-code") == b"NoSuchKey"
    assert answer.headers.get(b"x-amz-error-message") == b"The specified key does not exist."
    assert answer.headers.get(b"x-amz-error-detail-key") == b"group/1<3"


def test_a_key_cannot_inject_headers(root):
    answer, _ = get(root, b"/a%0d%0aSet-Cookie:x", website=True, list_bucket=True)
    assert answer.headers.get(b"x-amz-error-detail-key") == b"a%0D%0ASet-Cookie:x"
    assert answer.headers.block


def test_a_private_website_answers_403(root):
    answer, body = get(root, b"/nope", website=True)
    assert (answer.status, code_of(body)) == (403, "AccessDenied")


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_a_website_allows_get_and_head_only(root, method):
    answer, body = get(root, b"/hello.txt", method=method, website=True, error_document="hello.txt")
    assert (answer.status, answer.headers.get(b"content-type")) == (405, b"text/html; charset=utf-8")
    assert b"<title>405 Method Not Allowed</title>" in body


@pytest.mark.parametrize(("list_bucket", "status"), [(True, 404), (False, 403)])
def test_the_error_document_keeps_the_status(root, list_bucket, status):
    put(root / "error.html", b"<p>sorry")
    options = {"website": True, "list_bucket": list_bucket, "error_document": "error.html"}
    answer, body = get(root, b"/nope", (b"Range", b"bytes=0-1"), (b"If-None-Match", b"*"), **options)
    assert (answer.status, body) == (status, b"<p>sorry")
    assert answer.headers.get(b"content-type") == b"text/html"
    assert answer.headers.get(b"content-length") == b"8"
    head, nothing = get(root, b"/nope", method="HEAD", **options)
    assert (head.status, nothing, head.headers.get(b"content-length")) == (status, b"", b"8")


def test_a_missing_error_document_is_told_too(root):
    answer, body = get(root, b"/nope", website=True, list_bucket=True, error_document="error.html")
    assert answer.status == 404
    assert body.endswith(
        b"</ul>\n<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>\n<ul>\n"
        b"<li>Code: NoSuchKey</li>\n<li>Message: The specified key does not exist.</li>\n<li>Key: error.html</li>\n"
        b"</ul>\n<hr/>\n</body>\n</html>\n"
    )


def test_a_redirect_in_the_metadata_is_a_301_on_the_website(root):
    with_metadata(root, '["hello.txt"]\nx-amz-website-redirect-location = "https://example.com/x"')
    answer, body = get(root, b"/hello.txt", website=True)
    assert (answer.status, answer.headers.get(b"location"), body) == (301, b"https://example.com/x", b"")
    assert answer.headers.get(b"content-length") == b"0"


def test_a_website_answers_conditionals_and_ranges(root):
    assert get(root, b"/hello.txt", (b"If-None-Match", HELLO_TAG), website=True)[0].status == 304
    assert get(root, b"/hello.txt", (b"Range", b"bytes=0-4"), website=True)[1] == b"hello"
    answer, body = get(root, b"/hello.txt", (b"Range", b"bytes=99-"), website=True)
    assert (answer.status, code_of(body)) == (416, "InvalidRange")


def test_a_directory_is_an_origin_without_a_name_to_resolve(root):
    origin: Origin = DirectoryOrigin(root)
    assert asyncio.run(origin.resolve()) is None


def test_a_directory_says_what_it_is(root):
    assert repr(DirectoryOrigin(root)) == f"DirectoryOrigin({str(root)!r})"
