"""From an estate to the native form: distributions, and all that they use."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edgerun.config.faults import Key, shown, suggestion
from edgerun.config.importers import native_policies, words
from edgerun.config.importers.desk import Desk
from edgerun.config.importers.draft import Draft, tame
from edgerun.config.importers.estate import Data, Estate, Given
from edgerun.config.importers.native_behaviors import Behaviors
from edgerun.config.importers.native_functions import Functions
from edgerun.config.importers.native_origins import Origins
from edgerun.config.importers.node import Node

WRITERS: Final = {
    "cache": native_policies.cache_policy,
    "origin_request": native_policies.origin_request_policy,
    "response_headers": native_policies.response_headers_policy,
}


def write(estate: Estate, given: Given, desk: Desk, draft: Draft) -> None:
    """Write the native form of an estate; what cannot be is refused in the draft's report.

    Raises:
        ConfigError: a flag names what is not there.
    """
    _Writer(estate=estate, given=given, desk=desk, draft=draft).write()


@dataclass(slots=True, kw_only=True)
class _Writer:
    estate: Estate
    given: Given
    desk: Desk
    draft: Draft
    used: dict[tuple[str, str], None] = field(default_factory=dict)

    def write(self) -> None:
        functions = Functions(estate=self.estate, given=self.given, desk=self.desk, draft=self.draft)
        origins = Origins(estate=self.estate, given=self.given, draft=self.draft, functions=functions)
        several = len(self.estate.distributions) > 1
        count = sum(len(self.draft.list(each.get("Origins"))) for each in self.estate.distributions.values())
        for name, node in self.estate.distributions.items():
            key: Key = ("distributions", tame(name)) if several else ()
            self._distribution(key, name, node, origins, functions, only=count == 1)
        origins.check()
        for kind, reference in list(self.used):
            if kind in WRITERS:
                ours, node = self.estate.policies[kind][reference]
                WRITERS[kind](self.draft, ours, node)
                self.draft.report.use(node, f"{kind.replace('_', ' ')} policy {ours!r}")
            elif reference in self.estate.key_groups:
                self._key_group(*self.estate.key_groups[reference])
        self._stores()
        for code in functions.unused():
            self.draft.report.ignore(code.node, f"function {code.name!r} is not used at the edge")

    def _distribution(
        self, key: Key, name: str, node: Node, origins: Origins, functions: Functions, *, only: bool
    ) -> None:
        draft = self.draft
        own = draft.translate(node, words.DISTRIBUTION, key)
        draft.report.use(node, f"distribution {name!r}")
        if name in self.estate.ids:
            draft.put((*key, "id"), self.estate.ids[name], node)
        aliases = [each for word in ("Aliases", "CNAMEs") for each in draft.list(own.get(word))]
        texts = [text for each in aliases if (text := draft.text(each)) is not None]
        if texts:
            draft.put((*key, "aliases"), texts, own.get("Aliases") or own["CNAMEs"])
        for each in draft.list(own.get("Origins")):
            origins.write(name, each, only=only)
        targets = {origin: ours for (owner, origin), ours in origins.names.items() if owner == name}
        self._groups(name, draft.list(own.get("OriginGroups")), targets)
        self._restrictions((*key, "geo_restriction"), own.get("Restrictions"))
        behaviors = Behaviors(estate=self.estate, draft=draft, functions=functions, targets=targets, used=self.used)
        prefix = f"{tame(name)}-" if key else ""
        if "DefaultCacheBehavior" in own:
            behaviors.write((*key, "default_behavior"), own["DefaultCacheBehavior"], f"{prefix}default")
        for n, each in enumerate(draft.list(own.get("CacheBehaviors"))):
            if each.get("PathPattern") is None:
                draft.report.refuse(each, "PathPattern is missing")
            behaviors.write((*key, "behaviors", n), each, f"{prefix}behavior-{n + 1}")
        for n, each in enumerate(draft.list(own.get("CustomErrorResponses"))):
            self._error_response((*key, "error_responses", n), each)

    def _error_response(self, key: Key, node: Node) -> None:
        own = self.draft.translate(node, words.ERROR_RESPONSE, key)
        if "ResponseCode" in own and own["ResponseCode"].text:
            code = self.draft.integer(own["ResponseCode"])
            if code:
                self.draft.put((*key, "response_code"), code, own["ResponseCode"])
        page = self.draft.text(own["ResponsePagePath"]) if "ResponsePagePath" in own else None
        if page:
            self.draft.put((*key, "response_page_path"), page, own["ResponsePagePath"])
        if node.get("ErrorCachingMinTTL") is None and self.estate.error_ttl != 10:
            self.draft.put((*key, "error_caching_min_ttl"), self.estate.error_ttl, node)
            said = f"ErrorCachingMinTTL is left out: CloudFormation's default is {self.estate.error_ttl} seconds"
            self.draft.report.note(node, said)

    def _groups(self, distribution: str, groups: list[Node], targets: dict[str, str]) -> None:
        """Write origin groups; behaviors may then point to them by id."""
        for group in groups:
            node, criteria, members = (
                group.get("Id"),
                group.get("FailoverCriteria", "StatusCodes"),
                group.get("Members"),
            )
            if node is None or criteria is None or members is None:
                self.draft.report.refuse(group, "expected Id, FailoverCriteria with StatusCodes, and Members")
                continue
            inside = [each.get("OriginId") or each for each in self.draft.list(members)]
            if len(inside) != 2:
                self.draft.report.refuse(members, f"expected two members, got {len(inside)}")
                continue
            for each in inside:
                if each.text not in targets:
                    near = suggestion(each.text, targets)
                    self.draft.report.refuse(each, f"{shown(each.text)} is not an origin{near}")
            name = tame(node.text)
            if name in self.draft.data.get("origin_groups", {}):
                name = tame(f"{distribution}-{node.text}")
            key = self.draft.open("origin_groups", name, group)
            for word, each in zip(("primary", "secondary"), inside, strict=True):
                self.draft.put((*key, word), targets.get(each.text, tame(each.text)), each)
            codes = [code for each in self.draft.list(criteria) if (code := self.draft.integer(each)) is not None]
            self.draft.put((*key, "status_codes"), codes, criteria)
            targets[node.text] = name

    def _restrictions(self, key: Key, node: Node | None) -> None:
        geo = node.get("GeoRestriction") if node is not None else None
        kind = geo.get("RestrictionType") if geo is not None else None
        if geo is None or kind is None:
            return
        word = self.draft.one_of(kind, ("none", "whitelist", "blacklist"))
        if word in {None, "none"}:
            return
        listed = geo.get("Locations") if self.draft.spelling == "cloudformation" else geo
        found = [
            text for each in self.draft.list(listed, "RestrictionType") if (text := self.draft.text(each)) is not None
        ]
        self.draft.put((*key, "restriction_type"), word, kind)
        self.draft.put((*key, "locations"), found, listed or geo)

    def _key_group(self, name: str, node: Node) -> None:
        keys = []
        for each in self.draft.list(node):
            found = self.estate.keys.get(each.text)
            if found is None:
                self.draft.report.refuse(each, f"the public key {each.shown} is known on AWS only")
            else:
                keys.append(self._key(found))
        self.draft.put((*self.draft.open("key_groups", name, node), "keys"), keys, node)

    def _key(self, key: Data) -> str:
        name = tame(key.name)
        path = self._file(key, f"{name}.pem", "FILE.pem")
        if path:
            self.draft.put(("public_keys", name, "file"), path, key.inline or key.node)
            if key.id:
                self.draft.put(("public_keys", name, "id"), key.id, key.node)
        return name

    def _stores(self) -> None:
        tables = self.draft.data.get("functions", {})
        for wanted in dict.fromkeys(table.get("key_value_store") for table in tables.values()):
            if wanted:
                store = next((each for each in self.estate.stores.values() if tame(each.name) == wanted), None)
                store = store or self._undescribed(wanted)
                path = self._file(store, "data.json", "FILE.json")
                if path:
                    self.draft.put(("key_value_stores", wanted, "file"), path, store.node)

    def _undescribed(self, name: str) -> Data:
        code = next(each for each in self.estate.functions.values() if tame(each.store) == name)
        return Data(node=code.node, name=name)

    def _file(self, data: Data, name: str, form: str) -> str:
        place = self.given.code.get(data.name)
        if place:
            return str(Path(place).absolute())
        if data.path is not None:
            return str(data.path)
        if data.inline is not None:
            return str(self.desk.keep(name, data.inline.text))
        self.draft.report.refuse(data.node, f"what {data.name!r} holds is on AWS only: say --code {data.name}={form}")
        return ""
