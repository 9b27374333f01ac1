"""XML as CloudFront's API writes and reads it."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgerun.admin import xml

NS = f"{{{xml.NAMESPACE}}}"


def test_lists_are_named_by_what_they_hold():
    form = {"Paths": {"Quantity": 2, "Items": ["/a", "/b"]}, "CallerReference": "x"}
    assert xml.written("InvalidationBatch", form) == (
        b'<?xml version="1.0" encoding="UTF-8"?>\n'
        b'<InvalidationBatch xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Paths><Quantity>2</Quantity>'
        b"<Items><Path>/a</Path><Path>/b</Path></Items></Paths><CallerReference>x</CallerReference>"
        b"</InvalidationBatch>"
    )


def test_words_of_xml():
    written = xml.written("X", {"Yes": True, "No": False, "None": None, "Text": "<&>\x00\ud800"})
    root = ET.fromstring(written)
    assert [(child.tag, child.text) for child in root] == [
        (NS + "Yes", "true"),
        (NS + "No", "false"),
        (NS + "Text", "<&>\ufffd\ufffd"),
    ]


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=20).filter(
    lambda text: not xml._NOT_XML.search(text)
)


@given(st.lists(texts, max_size=5), texts)
def test_what_is_written_is_read_again(paths, reference):
    form = {"Paths": {"Quantity": len(paths), "Items": paths}, "CallerReference": reference}
    root = xml.parsed(xml.written("InvalidationBatch", form))
    assert [child.text for child in root.first("Paths").first("Items").children] == paths
    assert root.first("CallerReference").text == reference


BOMB = (
    b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&b;</x>"""
)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        pytest.param(BOMB, "document type", id="entities"),
        pytest.param(
            BOMB.decode().replace("?>", ' encoding="UTF-16"?>', 1).encode("utf-16"), "document type", id="utf-16"
        ),
        pytest.param(b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>', "document type", id="an outer one"),
        pytest.param(b"<x>&unknown;</x>", "not XML", id="an entity without one"),
        pytest.param(b"<x>" * 1_000, "nested", id="depth"),
        pytest.param(b"<x>", "not XML", id="unfinished"),
        pytest.param(b"", "not XML", id="nothing"),
        pytest.param(b"{}", "not XML", id="JSON"),
        pytest.param(b"\xff\xfe\x00", "not XML", id="bytes"),
    ],
)
def test_what_could_do_harm_is_refused(document, said):
    with pytest.raises(ValueError, match=said):
        xml.parsed(document)
