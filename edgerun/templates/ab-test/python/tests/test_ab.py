"""The A/B test, through the whole edge."""


def test_a_cookie_keeps_the_variant(edge):
    assert "Variant A" in edge.get("/", headers={"Cookie": "variant=a"}).text
    assert "Variant B" in edge.get("/", headers={"Cookie": "variant=b"}).text


def test_a_new_viewer_gets_a_cookie_that_leads_to_the_same_page(edge):
    first = edge.get("/")
    cookie = first["Set-Cookie"].partition(";")[0]
    again = edge.get("/", headers={"Cookie": cookie})
    assert again.text == first.text
    assert again["Set-Cookie"] is None


def test_both_variants_are_given_and_each_is_one_cache_entry(edge):
    answers = [edge.get("/", client=f"203.0.113.{n}") for n in range(20)]
    assert len({answer.text for answer in answers}) == 2
    assert [answer.cache.word for answer in answers].count("Miss") == 2


def test_a_viewer_cannot_choose_by_header(edge):
    answer = edge.get("/", headers={"X-Variant": "c", "Cookie": "variant=a"})
    assert "Variant A" in answer.text
