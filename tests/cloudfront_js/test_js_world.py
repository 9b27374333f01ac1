"""What a CloudFront Function sees besides its own code (spec/cloudfront-functions.md §3)."""

import base64
import hashlib
import hmac
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from other_engines import njs, node

from edgerun.functions.cloudfront_js_parts import absent

TEXTS = ["", "abc", "ü€😀", "a" * 55, "b" * 56, "c" * 63, "d" * 64, "e" * 1000]
CRYPTO = "var crypto = require('crypto');"


def encoded(octets, encoding):
    if encoding == "hex":
        return octets.hex()
    if encoding == "base64":
        return base64.b64encode(octets).decode()
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256"])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_digests_are_hashlibs(js, algorithm, version):
    got = js.value(
        f"{json.dumps(TEXTS)}.map(function (t) {{ return ['hex', 'base64', 'base64url'].map(function (e) {{"
        f"return crypto.createHash('{algorithm}').update(t).digest(e); }}); }})",
        CRYPTO,
        version,
    )

    for text, row in zip(TEXTS, got, strict=True):
        wanted = hashlib.new(algorithm, text.encode()).digest()
        assert row == [encoded(wanted, each) for each in ("hex", "base64", "base64url")]


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256"])
def test_hmacs_are_pythons(js, algorithm):
    got = js.value(
        f"{json.dumps(TEXTS)}.map(function (t) {{ return {json.dumps(TEXTS)}.map(function (k) {{"
        f"return crypto.createHmac('{algorithm}', k).update(t).update('!').digest('hex'); }}); }})",
        CRYPTO,
    )

    for text, row in zip(TEXTS, got, strict=True):
        assert row == [hmac.new(key.encode(), (text + "!").encode(), algorithm).hexdigest() for key in TEXTS]


@settings(max_examples=20, deadline=None)
@given(st.binary(max_size=300))
def test_digests_of_bytes_are_hashlibs(js, octets):
    got = js.value(
        f"crypto.createHash('sha256').update(Buffer.from('{octets.hex()}', 'hex')).digest('hex')", "" + CRYPTO
    )

    assert got == hashlib.sha256(octets).hexdigest()


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("crypto.createHash('sha512')", 'not supported algorithm: "sha512"'),
        ("crypto.createHash('md5').digest('latin1')", 'Unknown digest encoding: "latin1"'),
        ("crypto.randomBytes(1)", "not a function"),
        ("require('fs')", 'Cannot find module "fs"'),
        ("require('http')", 'Cannot find module "http"'),
        ("Buffer.from('a', 'latin1')", '"latin1" encoding is not supported'),
        ("new Buffer('x')", "not a constructor"),
        ("eval('1')", "Not implemented"),
        ("(0, eval)('1')", "Not implemented"),
        ("new Function('return 1')", "safe"),
        ("Function('return 1')", "safe"),
        ("[].constructor.constructor('return 1')()", "safe"),
        ("(async function () {}).constructor('return 1')()", "safe"),
        ("setTimeout(function () {}, 1)", "not defined"),
        ("console.error('x')", "not a function"),
        ("process.env", "not defined"),
        ("new Map()", "not defined"),
        ("[1].flat()", "not a function"),
        ("(function () { var h = crypto.createHash('md5'); h.digest('hex'); h.digest('hex'); })()", "already called"),
    ],
)
def test_what_is_not_there_throws_in_the_engines_words(js, expression, message):
    got = js.value(f"(function () {{ try {{ {expression}; }} catch (e) {{ return String(e.message); }} }})()", CRYPTO)

    assert message in got


def test_no_absent_name_is_there(js):
    names = [name for name in (*absent.GLOBALS, *absent.FOREIGN) if name != "global"]
    checks = [f"typeof {name}" for name in names]
    checks += [
        f"typeof {owner}.{name}" for owner in ("Object", "Array", "String", "JSON") for name in absent.MEMBERS[owner]
    ]
    got = js.value(f"[{', '.join(checks)}]")

    assert set(got) == {"undefined"}


def test_absent_names_are_gone_however_they_are_asked_for(js):
    assert js.value("typeof globalThis['Ma' + 'p']") == "undefined"


@pytest.mark.parametrize(
    "name", ["replaceAll", "Promise.all", "Symbol.for", "atob", "DataView", "Buffer", "TextEncoder"]
)
def test_what_only_2_0_has(js, name):
    expression = f"typeof ({'String.prototype.' if name == 'replaceAll' else ''}{name})"

    assert js.value(expression) == "function"
    if name in {"atob", "DataView", "Buffer", "TextEncoder"}:
        expression = f"typeof {name}"
    assert js.value(expression, version="1.0") == "undefined"


def test_code_is_strict(js):
    assert js.value("(function () { return this === undefined; })()") is True
    assert "not defined" in js.value("(function () { try { undeclared = 1; } catch (e) { return e.message; } })()")


def test_the_clock_stands_still_at_the_start_of_the_run(js):
    code = "var before = Date.now();"
    got = js.value(
        "(function () { for (var i = 0; i < 20000; i++); return [before, Date.now(), +new Date(), +new Date(5),"
        " new Date() instanceof Date, new Date().constructor === Date, Date.UTC(2020, 0), Date.parse('1970-01-02'),"
        " typeof Date(), new Date(2020, 0, 1).toISOString(), Date.name]; })()",
        code,
    )

    assert got == [
        1_700_000_000_123, 1_700_000_000_123, 1_700_000_000_123, 5, True, True, 1_577_836_800_000, 86_400_000,
        "string", "2020-01-01T00:00:00.000Z", "Date",
    ]  # fmt: skip


def test_chance_is_spread_evenly_over_runs(js):
    function = js.function("function handler() { return {v: [Math.random(), Math.random()]}; }")
    drawn = [json.loads(js.invoke(function).payload)["value"]["v"] for _ in range(200)]

    assert all(0 <= number < 1 for pair in drawn for number in pair)
    assert len({tuple(pair) for pair in drawn}) == 200
    assert 60 < sum(first < 0.5 for first, _ in drawn) < 140


# ------------------------------------------------------------------------------ beside node

BUFFERS = [
    "Buffer.from('ü€😀').toString('hex')",
    "Buffer.from('c3bc', 'hex').toString()",
    "Buffer.from('c3bzz', 'hex').length",
    "Buffer.from('abc', 'hex').length",
    "Buffer.from('YWJj', 'base64').toString()",
    "Buffer.from('YW Jj\\nZA', 'base64').toString()",
    "Buffer.from('YW-_', 'base64').toString('hex')",
    "Buffer.from('YQ==YQ', 'base64').toString('hex')",
    "Buffer.from('YWJjZ', 'base64url').toString()",
    "Buffer.from([251, 255, 254]).toString('base64')",
    "Buffer.from([251, 255, 254]).toString('base64url')",
    "Buffer.from([251, 255]).toString('base64url')",
    "Buffer.from([0xff, 0xe2, 0x82, 0x41, 0xf0, 0x9f]).toString()",
    "Buffer.from([0xed, 0xa0, 0x80, 0xc0, 0x80]).toString()",
    "Buffer.from('abc')",
    "Buffer.from(Buffer.from('abc'))",
    "Buffer.from(new Uint8Array([1, 2]).buffer)",
    "Buffer.from({type: 'Buffer', data: [1, 300]})",
    "Buffer.from({length: 2, 0: 7, 1: 8})",
    "Buffer.from(new String('abc')).toString()",
    "Buffer.from(5)",
    "Buffer.alloc(3)",
    "Buffer.alloc(5, 'ab')",
    "Buffer.alloc(2, 7)",
    "Buffer.allocUnsafe(2).length",
    "Buffer.byteLength('ü€')",
    "Buffer.byteLength('YWJj', 'base64')",
    "Buffer.compare(Buffer.from('a'), Buffer.from('b'))",
    "Buffer.compare(Buffer.from('ab'), Buffer.from('a'))",
    "Buffer.concat([Buffer.from('ab'), Buffer.from('cd')]).toString()",
    "Buffer.concat([Buffer.from('ab'), Buffer.from('cd')], 3).toString()",
    "Buffer.isBuffer(Buffer.alloc(1))",
    "Buffer.isBuffer(new Uint8Array(1))",
    "Buffer.isEncoding('HEX')",
    "Buffer.isEncoding('nope')",
    "Buffer.from('abc') instanceof Uint8Array",
    "Buffer.from('abc') instanceof Buffer",
    "Buffer.from('abcdef').slice(1, 3).toString()",
    "Buffer.from('abcdef').slice(-3, -1).toString()",
    "Buffer.from('abcdef').subarray(4).toString()",
    "Buffer.from('abc').subarray(2, 1).length",
    "(function () { var b = Buffer.from('abc'); b.slice(1)[0] = 65; return b.toString(); })()",
    "Buffer.from('abcdef').toString('utf8', 2, 4)",
    "Buffer.from('abc').equals(Buffer.from('abc'))",
    "Buffer.from('abcd').compare(Buffer.from('xabc'), 1, 4, 0, 3)",
    "(function () { var b = Buffer.alloc(4); return [Buffer.from('abcdef').copy(b, 1, 2, 9), b.toString('hex')]; })()",
    "Buffer.alloc(6).fill('abc', 1, 5).toString('hex')",
    "Buffer.alloc(4).fill('6162', 'hex').toString()",
    "Buffer.from('abcabc').indexOf('ca')",
    "Buffer.from('abcabc').indexOf('c', 3)",
    "Buffer.from('abcabc').indexOf(98, -2)",
    "Buffer.from('abcabc').indexOf(Buffer.from('bc'))",
    "Buffer.from('abcabc').lastIndexOf('abc')",
    "Buffer.from('abcabc').lastIndexOf('abc', 2)",
    "Buffer.from('abcabc').includes('cab')",
    "Buffer.from('abcabc').includes('x')",
    "Buffer.from('0102030405060708', 'hex').swap16().toString('hex')",
    "Buffer.from('0102030405060708', 'hex').swap32().toString('hex')",
    "Buffer.from('0102030405060708', 'hex').swap64().toString('hex')",
    "Buffer.from('010203', 'hex').swap16()",
    "(function () { var b = Buffer.alloc(5); return [b.write('ü€', 1), b.toString('hex')]; })()",
    "(function () { var b = Buffer.alloc(4); return [b.write('€€'), b.toString('hex')]; })()",
    "(function () { var b = Buffer.alloc(4); return [b.write('616263', 1, 2, 'hex'), b.toString('hex')]; })()",
    "Buffer.from('ab').toJSON()",
    "Buffer.from([1, 2, 3]).map(function (x) { return x * 2; })",
]
_NUMBERS = {"Int": -3, "UInt": 200}
for _sign, _number in _NUMBERS.items():
    for _name, _size in (
        (f"{_sign}8", 1),
        (f"{_sign}16LE", 2),
        (f"{_sign}16BE", 2),
        (f"{_sign}32LE", 4),
        (f"{_sign}32BE", 4),
    ):
        BUFFERS.append(f"Buffer.from('fe8091a2b3', 'hex').read{_name}(1)")
        BUFFERS.append(f"Buffer.from('fe8091a2b3', 'hex').read{_name}(5)")
        BUFFERS.append(f"(function () {{ var b = Buffer.alloc(6); return [b.write{_name}({_number}, 1), b]; }})()")
    BUFFERS += [
        f"Buffer.from('fe8091a2b3c4', 'hex').read{_sign}{end}(0, {n})" for end in ("LE", "BE") for n in (1, 3, 6)
    ]
BUFFERS += [
    f"(function () {{ var b = Buffer.alloc(9); b.write{name}(-1.5, 1); return [b, b.read{name}(1)]; }})()"
    for name in ("FloatLE", "FloatBE", "DoubleLE", "DoubleBE")
]
BUFFERS += [
    f"(function () {{ var b = Buffer.alloc(6); return [b.write{name}({number}, 0, 6), b]; }})()"
    for name, number in (
        ("IntLE", -5),
        ("IntBE", -1099511627776),
        ("UIntLE", 281474976710655),
        ("UIntBE", 1099511627776),
    )
]

QUERIES = [
    *(
        f"querystring.parse({json.dumps(text)})"
        for text in (
            "a=1&b=2&a=3", "", "a", "a=", "=a", "&&a=1&", "a=b=c", "a+b=c+d", "a=%20%C3%BC", "a=%", "a=%zz%41", "a=%ff",
            "__proto__=1&hasOwnProperty=2", "%61=1", "a=1;b=2", "ü=€",
        )
    ),
    "querystring.parse('a:1;b:2', ';', ':')",
    "querystring.parse('a=1&b=2&c=3', null, null, {maxKeys: 2})",
    "querystring.parse('a=1&b=2', '', '', {maxKeys: 0})",
    "querystring.parse('a=%41', '&', '=', {decodeURIComponent: function (x) { return '<' + x + '>'; }})",
    "querystring.parse(5)",
    "querystring.stringify({a: 1, b: ['x', 'y z'], c: true, d: null, e: undefined, f: 'ü&=', g: {}, h: NaN, i: []})",
    "querystring.stringify({a: 'b', c: 'd'}, ';', ':')",
    "querystring.stringify({a: 'b c'}, '&', '=', {encodeURIComponent: function (x) { return '<' + x + '>'; }})",
    "querystring.stringify('a=b')",
    "querystring.stringify(null)",
    "querystring.escape('a b&ü\\'()*!~')",
    "querystring.escape('\\ud800')",
    "querystring.unescape('a%20b%C3%BC')",
    "querystring.unescape('%E0%A4%A')",
    "querystring.decode === querystring.parse",
    "querystring.encode === querystring.stringify",
]  # fmt: skip

HALVES = """function halves(d) {
  return [d.decode(new Uint8Array([226, 130]), {stream: true}), d.decode(new Uint8Array([172, 65]))];
}
"""
ENCODED = [
    "Array.prototype.slice.call(new TextEncoder().encode('ü€😀'))",
    "new TextEncoder().encode().length",
    "Array.prototype.slice.call(new TextEncoder().encode('\\ud800'))",
    "new TextEncoder().encoding",
    "(function () { var b = new Uint8Array(4); return [new TextEncoder().encodeInto('a€b', b), b[3]]; })()",
    "new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, 0xc3, 0xbc]))",
    "new TextDecoder('utf-8', {ignoreBOM: true}).decode(new Uint8Array([0xef, 0xbb, 0xbf, 65])).length",
    "new TextDecoder('utf8').decode(new Uint8Array([0xff, 65, 0xe2, 0x82]))",
    "new TextDecoder('utf-8', {fatal: true}).decode(new Uint8Array([0xff]))",
    "new TextDecoder('utf-8', {fatal: true}).decode(new Uint8Array([0xe2, 0x82]))",
    "(function (d) { return [d.decode(new Uint8Array([226, 130]), {stream: true}), d.decode()]; })(new TextDecoder())",
    "halves(new TextDecoder())",
    "new TextDecoder().encoding",
    "new TextDecoder('utf-8', {fatal: true}).fatal",
    "new TextDecoder().decode()",
    "new TextDecoder().decode(new Uint8Array([0xf0, 0x9f, 0x98, 0x80]).buffer)",
    "new TextDecoder().decode(new Uint8Array([0xf4, 0x90, 0x80, 0x80, 0xc1, 0xbf]))",
    "atob('YWJj')",
    "btoa('abc')",
    "TextDecoder()",
]


def told(js, expressions, before=""):
    """Return what each expression is worth here, as `node` returns it; several to a function."""
    got = []
    for start in range(0, len(expressions), 20):
        batch = expressions[start : start + 20]
        calls = ", ".join(f"attempt(function () {{ return {each}; }})" for each in batch)
        got += js.value(f"[{calls}]", before + ATTEMPT)
    return got


ATTEMPT = "function attempt(f) { try { return f(); } catch (e) { return {error: e.name}; } }"


@pytest.mark.node
@pytest.mark.parametrize(
    ("expressions", "before"),
    [
        pytest.param(BUFFERS, "", id="Buffer"),
        pytest.param(QUERIES, "var querystring = require('querystring');", id="querystring"),
        pytest.param(ENCODED, HALVES, id="text"),
    ],
)
def test_modules_do_what_nodes_do(js, expressions, before):
    wanted = node(expressions, before)
    got = told(js, expressions, before)

    differing = {e: (ours, theirs) for e, ours, theirs in zip(expressions, got, wanted, strict=True) if ours != theirs}
    assert differing == {}


LOGGED = [
    "'text'",
    "1",
    "-0",
    "1.5",
    "true",
    "null",
    "undefined",
    "{}",
    "[]",
    "{a: 1, b: 'x', c: [1, undefined, null, true]}",
    "[1, 'a', [2]]",
    "{e: function () {}}",
    "new Date(0)",
    "/x/g",
    "new TypeError('x')",
    "{e: new Error('x')}",
    "Symbol('x')",
    "{a: {b: {c: {d: {e: 1}}}}}",
    "(function () { var o = {}; o.o = o; return o; })()",
    "new Uint8Array(3)",
    "Promise.resolve(1)",
    "{'a-b': 1, x: 'it\\'s \\n \\\\ \\\" q\\t'}",
    "[1, , 2]",
    "Object.create({a: 1})",
    "function f() {}",
    "[[], {}]",
]


@pytest.mark.parametrize("expression", LOGGED)
def test_values_are_logged_as_njs_prints_them(js, expression, tmp_path):
    js.run(f"function handler() {{ console.log({expression}); }}")

    assert "\n".join(js.texts()) == njs(f"console.log({expression})", tmp_path).replace("Thrown:\n", "")


def test_one_value_is_logged(js):
    js.run("function handler() { console.log('a', 'b'); console.log({a: 1}); console.log(); }")

    assert js.texts() == ["a", "{a:1}", "undefined"]


# ------------------------------------------------------------------------------ byte strings of runtime 1.0

BYTE_STRINGS = [
    ("'ü'.toUTF8()", "Ã¼"),
    ("'Ã¼'.fromUTF8()", "ü"),
    ("'\\xff'.fromUTF8()", None),
    ("'ü'.toBytes()", "ü"),
    ("'€'.toBytes()", None),
    ("'abcd'.toBytes(1, 3)", "bc"),
    ("'ü'.fromBytes()", "ü"),
    ("String.bytesFrom([97, 252])", "aü"),
    ("String.bytesFrom('YWJj', 'base64')", "abc"),
    ("String.bytesFrom('6162', 'hex')", "ab"),
    ("String.bytesFrom('_-8', 'base64url')", "ÿï"),
    ("crypto.createHash('md5').update('ü').digest('hex')", hashlib.md5("ü".encode()).hexdigest()),
    ("crypto.createHash('md5').update('ü'.toBytes()).digest('hex')", hashlib.md5(b"\xfc").hexdigest()),
    ("crypto.createHash('md5').update('a').digest()", hashlib.md5(b"a").digest().decode("latin-1")),
]


@pytest.mark.parametrize(("expression", "wanted"), BYTE_STRINGS, ids=[expression for expression, _ in BYTE_STRINGS])
def test_byte_strings(js, expression, wanted):
    assert js.value(expression, CRYPTO, "1.0") == wanted
    assert js.value("typeof String.bytesFrom") == "undefined"


def test_a_digest_is_a_buffer_in_2_0(js):
    assert js.value("Buffer.isBuffer(crypto.createHash('md5').update('a').digest())", CRYPTO) is True
