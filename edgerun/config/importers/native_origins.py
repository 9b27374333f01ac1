"""Origins: from CloudFront's words to folders and servers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edgerun.config.faults import Key, shown, suggestion
from edgerun.config.importers import arns, words
from edgerun.config.importers.draft import Draft, tame
from edgerun.config.importers.estate import Estate, Given
from edgerun.config.importers.native_functions import Functions
from edgerun.config.importers.node import Node
from edgerun.errors import ConfigError

S3: Final = "s3://"
PROTOCOLS: Final = ("http-only", "match-viewer", "https-only")
_USUAL: Final = {"http": 80, "https": 443}
_LAMBDA_URL: Final = ".on.aws"


@dataclass(slots=True, kw_only=True)
class Origins:
    """Writes origins, and remembers under which names.

    Attributes:
        estate: where buckets' folders are known.
        given: places by flags.
        draft: where tables go.
        functions: writes the functions that are origins.
        names: our name of each origin, by distribution and id.
    """

    estate: Estate
    given: Given
    draft: Draft
    functions: Functions
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    _asked: set[str] = field(default_factory=set)

    def write(self, distribution: str, node: Node, *, only: bool) -> None:
        """Write one origin.

        Args:
            distribution: whose it is.
            node: CloudFront's description.
            only: whether there is no other.
        """
        name_node = node.get("Id")
        given = (self.draft.text(name_node) if name_node is not None else None) or ""
        name = tame(given)
        if name in self.names.values():
            name = tame(f"{distribution}-{given}")
        if (distribution, given) in self.names:
            self.draft.report.refuse(name_node or node, f"{shown(given)} is there already")
        self.names[distribution, given] = name
        key = ("origins", name)
        own = self.draft.translate(node, words.ORIGIN, key)
        place = self._wanted(given, name, only=only)
        host = own.get("DomainName")
        domain = (self.draft.text(host) if host is not None else None) or ""
        settings = self._settings(key, own)
        self._extras(key, own)
        self.draft.report.use(node, f"origin {name!r}" + (f" from {place}" if place else ""))
        target = host if host is not None else node
        told = self._given(place, domain, target) if place else self._found(name, own, domain, settings, target)
        for word, value in told.items():
            self.draft.put((*key, word), value, target)
        path = self.draft.text(own["OriginPath"]) if "OriginPath" in own else None
        if path:
            self.draft.put((*key, "path"), path, own["OriginPath"])

    def _given(self, place: str, domain: str, target: Node) -> dict[str, object]:
        """Return the native keys of an origin whose place a flag gives; its name on AWS stays, if that is known."""
        if place.startswith(S3):
            region = arns.region_of(domain)
            return {"bucket": place.removeprefix(S3), **({"region": region} if region else {})}
        named = {"domain_name": domain} if domain and not target.unknown else {}
        if "://" in place:
            return {"url": place, **named}
        return {"directory": str(Path(place).absolute()), **named, **_website(domain)}

    def _found(
        self, name: str, own: Mapping[str, Node], domain: str, settings: Mapping[str, Node], target: Node
    ) -> dict[str, object]:
        """Return the native keys of an origin as far as the file tells its place; what does not is refused."""
        bucket, website = arns.bucket_of(domain)
        if bucket in self.estate.folders:
            return {"directory": str(self.estate.folders[bucket]), "domain_name": domain, **_website(domain)}
        if "S3OriginConfig" in own or (bucket and not website and "CustomOriginConfig" not in own):
            how = f"say --origin {name}=FOLDER to serve it from a folder, or s3://NAME"
            self.draft.report.refuse(target, f"is a bucket: {how}")
            return {}
        if domain in self.estate.urls:
            return {"function": self.functions.use(self.estate.urls[domain], target)}
        if target.unknown or not domain or domain.endswith(_LAMBDA_URL):
            what = f"{target.unknown} is known" if target.unknown else "what answers there is"
            self.draft.report.refuse(target, f"{what} on AWS only: say --origin {name}=URL or a folder")
            return {}
        return {"url": self._url(domain, settings, target)}

    def check(self) -> None:
        """Refuse flags that named no origin.

        Raises:
            ConfigError: one did.
        """
        for name, place in self.given.origins.items():
            if not name and not self._asked:
                raise ConfigError(f"--origin {shown(place)}: say NAME=… since there is not exactly one origin")
            if name and name not in self._asked:
                known = {*self.names.values(), *(given for _, given in self.names)}
                raise ConfigError(f"--origin {name}: {shown(name)} is not an origin{suggestion(name, known)}")

    def _wanted(self, given: str, name: str, *, only: bool) -> str:
        for each in (given, name, *([""] if only else [])):
            if each in self.given.origins:
                self._asked.add(each)
                self.draft.labels[("origins", name, "url")] = f"--origin {each or self.given.origins[each]}"
                self.draft.labels[("origins", name, "directory")] = f"--origin {each or self.given.origins[each]}"
                return self.given.origins[each]
        return ""

    def _settings(self, key: Key, own: Mapping[str, Node]) -> dict[str, Node]:
        found: dict[str, Node] = {}
        tables = {
            "CustomOriginConfig": words.CUSTOM_ORIGIN,
            "S3OriginConfig": words.S3_ORIGIN,
            "VpcOriginConfig": words.VPC_ORIGIN,
        }
        given = [word for word in tables if word in own]
        for word in given:
            found |= self.draft.translate(own[word], tables[word], key)
        if len(given) > 1:
            self.draft.report.refuse(own[given[1]], f"an origin has {given[0]} or {given[1]}, not both")
        return found

    def _extras(self, key: Key, own: Mapping[str, Node]) -> None:
        for each in self.draft.list(own.get("OriginCustomHeaders")):
            name, text = each.get("HeaderName"), each.get("HeaderValue")
            if name is None or text is None:
                self.draft.report.refuse(each, "expected HeaderName and HeaderValue")
                continue
            header, value = self.draft.text(name), self.draft.text(text)
            if header is not None and value is not None:
                self.draft.put((*key, "custom_headers", header), value, text)

    def _url(self, domain: str, settings: Mapping[str, Node], target: Node) -> str:
        policy = "https-only"
        if "OriginProtocolPolicy" in settings:
            policy = self.draft.one_of(settings["OriginProtocolPolicy"], PROTOCOLS) or policy
        if policy == "match-viewer":
            self.draft.report.note(target, "is asked by HTTPS, whatever the viewer's protocol (match-viewer)")
        scheme = "http" if policy == "http-only" else "https"
        node = settings.get("HTTPPort" if scheme == "http" else "HTTPSPort")
        port = self.draft.integer(node) if node is not None else None
        return f"{scheme}://{domain}" + (f":{port}" if port not in {None, _USUAL[scheme]} else "")


def _website(domain: str) -> dict[str, object]:
    """Return what makes a folder behave like a bucket's website endpoint, where the host is one."""
    return {"website": True} if arns.bucket_of(domain)[1] else {}
