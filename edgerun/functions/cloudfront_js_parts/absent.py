"""What QuickJS has and CloudFront Functions have not (`spec/cloudfront-functions.md` §3.2, §3.5, §10.3).

A name is here if the guide does not list it and njs 0.7.9 does not have it either; so what njs has beyond the guide's
lists stays. The engine deletes these, the check warns of them.
"""

from collections.abc import Mapping
from typing import Final

GLOBALS: Final = tuple(
    """
    AsyncDisposableStack Atomics BigInt BigInt64Array BigUint64Array DOMException DisposableStack FinalizationRegistry
    Float16Array Iterator Map Proxy Reflect Set SharedArrayBuffer SuppressedError WeakMap WeakRef WeakSet escape
    navigator performance queueMicrotask unescape
    """.split()
)
"""In QuickJS, not on AWS."""

FOREIGN: Final = tuple(
    """
    AbortController Blob Crypto Event EventTarget File FormData Headers Intl MessageChannel Request Response
    ReadableStream URL URLPattern URLSearchParams WebAssembly WebSocket XMLHttpRequest __dirname __filename alert
    caches clearImmediate clearInterval clearTimeout document exports fetch global module process self setImmediate
    setInterval setTimeout structuredClone window
    """.split()
)
"""In browsers or in Node.js, neither in QuickJS nor on AWS."""

MEMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    "Object": ("fromEntries", "groupBy", "hasOwn"),
    "Object.prototype": (
        "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__", "toLocaleString"
    ),
    "Function.prototype": ("columnNumber", "fileName", "lineNumber"),
    "Array": ("from", "fromAsync"),
    "Array.prototype": (
        "at", "findLast", "findLastIndex", "flat", "flatMap", "toLocaleString", "toReversed", "toSorted", "toSpliced",
        "with",
    ),
    "Number.prototype": ("toLocaleString",),
    "String": ("raw",),
    "String.prototype": (
        "anchor", "at", "big", "blink", "bold", "fixed", "fontcolor", "fontsize", "isWellFormed", "italics", "link",
        "localeCompare", "matchAll", "normalize", "small", "strike", "sub", "sup", "toLocaleLowerCase",
        "toLocaleUpperCase", "toWellFormed", "trimLeft", "trimRight",
    ),
    "RegExp": ("escape",),
    "RegExp.prototype": ("compile",),
    "Date.prototype": ("getYear", "setYear", "toGMTString"),
    "Math": ("f16round", "sumPrecise"),
    "JSON": ("isRawJSON", "rawJSON"),
    "Promise": ("try", "withResolvers"),
    "Symbol": ("asyncDispose", "dispose"),
    "Error": ("captureStackTrace", "isError", "prepareStackTrace", "stackTraceLimit"),
    "ArrayBuffer.prototype": (
        "detached", "immutable", "maxByteLength", "resizable", "resize", "sliceToImmutable", "transfer",
        "transferToFixedLength", "transferToImmutable",
    ),
    "DataView.prototype": (
        "getBigInt64", "getBigUint64", "getFloat16", "setBigInt64", "setBigUint64", "setFloat16"
    ),
    "Uint8Array": ("fromBase64", "fromHex"),
    "Uint8Array.prototype": ("setFromBase64", "setFromHex", "toBase64", "toHex"),
    "Object.getPrototypeOf(Uint8Array).prototype": (
        "at", "findLast", "findLastIndex", "toLocaleString", "toReversed", "toSorted", "with"
    ),
}  # fmt: skip

GLOBALS_1_0: Final = ("DataView", "atob", "btoa")
"""Absent in runtime 1.0 besides (§3.1)."""

MEMBERS_1_0: Final[Mapping[str, tuple[str, ...]]] = {
    "String.prototype": ("replaceAll",),
    "Promise": ("all", "allSettled", "any", "race"),
    "Symbol": ("for", "keyFor"),
}

TELLING: Final = frozenset(
    """
    at findLast findLastIndex flat flatMap localeCompare matchAll normalize toLocaleLowerCase toLocaleString
    toLocaleUpperCase toReversed toSorted toSpliced trimLeft trimRight
    """.split()
)
"""Absent methods whose call is hardly one of the user's own objects'."""

INSTEAD: Final[Mapping[str, str]] = {
    "Map": "use a plain object",
    "Set": "use a plain object, or an array and includes()",
    "WeakMap": "use a plain object",
    "URL": "take the parts from request.uri and request.querystring",
    "URLSearchParams": "use request.querystring, or require('querystring')",
    "fetch": "there is no network: use a key-value store, or Lambda@Edge",
    "setTimeout": "there are no timers",
    "setInterval": "there are no timers",
    "process": "there are no environment variables: use a key-value store",
    "structuredClone": "use JSON.parse(JSON.stringify(value))",
    "Array.from": "use a loop, or Array.prototype.slice.call(list)",
    "Object.fromEntries": "fill an object in a loop",
    "at": "use list[list.length - 1]",
    "flat": "use [].concat.apply([], list)",
    "flatMap": "use map() and [].concat.apply([], list)",
    "matchAll": "use exec() in a loop",
    "replaceAll": "use replace() with a regular expression and the flag g",
    "trimLeft": "use trimStart()",
    "trimRight": "use trimEnd()",
    "escape": "use encodeURIComponent()",
    "unescape": "use decodeURIComponent()",
}
