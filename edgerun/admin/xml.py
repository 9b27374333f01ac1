"""XML as CloudFront's API writes and reads it (`spec/cloudfront.md` §8.2)."""

import re
from collections.abc import Mapping, Sequence
from typing import Final
from xml.etree import ElementTree as ET
from xml.parsers import expat

NAMESPACE: Final = "http://cloudfront.amazonaws.com/doc/2020-05-31/"
DEEPEST: Final = 16
ITEM_NAMES: Final = {
    "Aliases": "CNAME",
    "AllowedMethods": "Method",
    "CacheBehaviors": "CacheBehavior",
    "CachedMethods": "Method",
    "CustomErrorResponses": "CustomErrorResponse",
    "CustomHeaders": "OriginCustomHeader",
    "DistributionList": "DistributionSummary",
    "FunctionAssociations": "FunctionAssociation",
    "GeoRestriction": "Location",
    "InvalidationList": "InvalidationSummary",
    "LambdaFunctionAssociations": "LambdaFunctionAssociation",
    "Members": "OriginGroupMember",
    "OriginGroups": "OriginGroup",
    "OriginSslProtocols": "SslProtocol",
    "Origins": "Origin",
    "Paths": "Path",
    "StatusCodes": "StatusCode",
    "TrustedKeyGroups": "KeyGroup",
    "TrustedSigners": "AwsAccountNumber",
}
"""What one of the `Items` of a list is called, by the name of the list."""

_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def written(name: str, form: object) -> bytes:
    """Return a form as an XML document: mappings become elements, `Items` one element each."""
    root = ET.Element(name, {"xmlns": NAMESPACE})
    _fill(root, form)
    document: bytes = ET.tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + document


def _fill(element: ET.Element, form: object) -> None:
    if isinstance(form, Mapping):
        for name, inner in form.items():
            if inner is not None:
                _fill(ET.SubElement(element, name), _named(element.tag, inner) if name == "Items" else inner)
    elif isinstance(form, bool):
        element.text = "true" if form else "false"
    elif isinstance(form, _Items):
        for inner in form.values:
            _fill(ET.SubElement(element, form.name), inner)
    else:
        element.text = _NOT_XML.sub("\ufffd", str(form))


class _Items:
    """The members of a list and what each is called."""

    def __init__(self, name: str, values: Sequence[object]) -> None:
        self.name = name
        self.values = values


def _named(of: str, values: object) -> _Items:
    assert isinstance(values, Sequence)
    return _Items(ITEM_NAMES[of], values)


class Element:
    """One element that was read: its name without namespace, its text, the elements in it."""

    __slots__ = ("children", "name", "text")

    def __init__(self, name: str) -> None:
        self.name = name
        self.text = ""
        self.children: list[Element] = []

    def first(self, name: str) -> "Element | None":
        """Return the first element of a name in it, or None."""
        return next((child for child in self.children if child.name == name), None)


def parsed(document: bytes) -> Element:
    """Return the root of a document.

    Raises:
        ValueError: it is not XML, has a document type (so no entities of its own), or is nested too deeply.
    """
    top = Element("")
    open_elements = [top]

    def start(name: str, _: object) -> None:
        if len(open_elements) > DEEPEST:
            raise ValueError(f"elements are nested more than {DEEPEST} deep")
        element = Element(name.rpartition(" ")[2])
        open_elements[-1].children.append(element)
        open_elements.append(element)

    def end(_: str) -> None:
        open_elements.pop()

    def text(data: str) -> None:
        open_elements[-1].text += data

    def refuse(*_: object) -> None:
        raise ValueError("a document type is not accepted")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(document, True)  # expat's own order of arguments
    except expat.ExpatError as error:
        raise ValueError(f"the document is not XML: {error}") from None
    return top.children[0]
