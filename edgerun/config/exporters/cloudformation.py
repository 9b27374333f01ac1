"""The configuration as a CloudFormation template that deploys the same distribution on CloudFront.

What stands for AWS's own here is made anew there: a folder becomes a bucket that only CloudFront reads, a server on
this machine a parameter. `spec/cloudfront.md` §1.3 has the names.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from edgerun.config.exporters import functions, policies
from edgerun.config.exporters.policies import Form, resource
from edgerun.distribution.model import Behavior, Config, Distribution, Point, is_cloudfront
from edgerun.distribution.origins import (
    BucketOrigin,
    DirectoryOrigin,
    FunctionOrigin,
    HttpOrigin,
    OriginConfig,
    OriginGroup,
)
from edgerun.functions.function import Function

LOCAL: Final = frozenset({"127.0.0.1", "localhost", "::1", "0.0.0.0"})  # names, not an address to bind


@dataclass(frozen=True, slots=True)
class Exported:
    """A template, and what goes with it.

    Attributes:
        template: as JSON values.
        archives: code that does not fit in the template: zip files by name, to be put in the bucket `CodeBucket`.
        notes: what the user should know, or has to do.
    """

    template: Form
    archives: dict[str, bytes] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def export(config: Config, distribution: Distribution) -> Exported:
    """Return one distribution, with everything it refers to, as a template."""
    desk = _Desk(config)
    body = desk.distribution(distribution)
    main = resource("Distribution", {"DistributionConfig": body})
    template: Form = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"The distribution {distribution.name} and its functions, exported by edgerun",
    }
    if desk.parameters:
        template["Parameters"] = desk.parameters
    template["Resources"] = desk.resources | {"Distribution": main} | desk.policies
    template["Outputs"] = {
        "DomainName": {"Value": {"Fn::GetAtt": ["Distribution", "DomainName"]}},
        "DistributionId": {"Value": {"Ref": "Distribution"}},
    }
    return Exported(template, desk.archives, tuple(desk.notes))


class _Desk:
    """The resources of one template as they come up, each once."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._names: dict[tuple[str, str], str] = {}
        self.resources: Form = {}
        self.policies: Form = {}
        self.parameters: Form = {}
        self.archives: dict[str, bytes] = {}
        self.notes: list[str] = []

    def distribution(self, given: Distribution) -> Form:
        groups = {each.origin_group.name: each.origin_group for each in given.all_behaviors if each.origin_group}
        origins = {each.origin.name: each.origin for each in given.all_behaviors}
        origins |= {each.name: each for group in groups.values() for each in (group.primary, group.secondary)}
        form: Form = {
            "Enabled": given.enabled,
            "Comment": given.name,
            "HttpVersion": "http2",
            "Origins": [self.origin(each) for each in origins.values()],
            "DefaultCacheBehavior": self.behavior(given.default_behavior),
        }
        if given.behaviors:
            form["CacheBehaviors"] = [
                {"PathPattern": each.path_pattern, **self.behavior(each)} for each in given.behaviors
            ]
        if groups:
            form["OriginGroups"] = _counted(_group(each) for each in groups.values())
        if given.default_root_object:
            form["DefaultRootObject"] = given.default_root_object
        if given.error_responses:
            form["CustomErrorResponses"] = [_error(each) for _, each in sorted(given.error_responses.items())]
        if given.geo_restriction is not None:
            restriction = given.geo_restriction
            locations = {
                "RestrictionType": restriction.restriction_type,
                "Locations": sorted(restriction.locations),
            }
            form["Restrictions"] = {"GeoRestriction": locations}
        if given.aliases:
            form |= self._aliases(given.aliases)
        if given.access_log is not None:
            self.notes.append(f"{given.name}: the access log is left out; CloudFront's Logging needs a bucket of yours")
        return form

    def _aliases(self, aliases: tuple[str, ...]) -> Form:
        self.parameters["CertificateArn"] = {
            "Type": "String",
            "Description": f"A certificate in us-east-1 for {', '.join(aliases)}",
        }
        certificate = {
            "AcmCertificateArn": {"Ref": "CertificateArn"},
            "SslSupportMethod": "sni-only",
            "MinimumProtocolVersion": "TLSv1.2_2021",
        }
        return {"Aliases": list(aliases), "ViewerCertificate": certificate}

    # -------------------------------------------------------------------------- behaviors

    def behavior(self, given: Behavior) -> Form:
        form: Form = {
            "TargetOriginId": given.origin_group.name if given.origin_group else given.origin.name,
            "ViewerProtocolPolicy": given.viewer_protocol_policy,
            "AllowedMethods": sorted(given.allowed_methods),
            "CachedMethods": sorted(given.cached_methods),
            "Compress": given.compress,
        }
        for key, policy, made in (
            ("CachePolicyId", given.cache_policy, policies.cache_policy),
            ("OriginRequestPolicyId", given.origin_request_policy, policies.origin_request_policy),
            ("ResponseHeadersPolicyId", given.response_headers_policy, policies.response_headers_policy),
        ):
            if policy is not None:
                form[key] = self._policy(key.removesuffix("Id"), policy, made)
        if given.trusted_key_groups:
            form["TrustedKeyGroups"] = [self._key_group(group) for group in given.trusted_key_groups]
        return form | self._associations(given)

    def _policy(self, kind: str, policy: Any, made: Callable[[Any, str], Form]) -> str | Form:
        """Return the id of a managed policy, or a reference to one of one's own, which gets the stack's name."""
        if policy.id:
            return str(policy.id)
        logical = self._logical(kind, policy.name)
        if logical not in self.policies:
            self.policies[logical] = made(policy, policy.name)
        return {"Ref": logical}

    def _key_group(self, group: Any) -> Form:
        logical = self._logical("KeyGroup", group.name)
        if logical not in self.resources:
            keys = []
            for key in group.keys:
                name = self._logical("PublicKey", key.name)
                self.resources[name] = policies.public_key(key)
                keys.append({"Ref": name})
            self.resources[logical] = policies.key_group(group, keys)
        return {"Ref": logical}

    def _associations(self, behavior: Behavior) -> Form:
        lambdas, lights = [], []
        for point in Point:
            use = behavior.function_at(point)
            if use is None:
                continue
            if is_cloudfront(use.function):
                arn = {"Fn::GetAtt": [self._light(use.function), "FunctionMetadata.FunctionARN"]}
                lights.append({"EventType": point.value, "FunctionARN": arn})
            else:
                found: Form = {"EventType": point.value, "LambdaFunctionARN": {"Ref": self._lambda(use.function)}}
                lambdas.append(found | ({"IncludeBody": True} if use.include_body else {}))
        form: Form = {"LambdaFunctionAssociations": lambdas} if lambdas else {}
        return form | ({"FunctionAssociations": lights} if lights else {})

    # -------------------------------------------------------------------------- functions

    def _lambda(self, function: Function) -> str:
        """Return the logical id of a function's version."""
        logical = self._logical("Function", function.name)
        if logical not in self.resources:
            self.resources.setdefault(functions.ROLE, functions.role())
            self.resources[logical], archive = functions.lambda_function(function)
            self.resources[f"{logical}Version"] = functions.lambda_version(logical)
            if archive is not None:
                self._archived(function.name, archive)
            if function.environment:
                self.notes.append(f"{function.name}: Lambda@Edge has no environment variables, they are left out")
        return f"{logical}Version"

    def _archived(self, name: str, archive: bytes) -> None:
        self.archives[f"{name}.zip"] = archive
        description = "The bucket with the functions' archives, in us-east-1"
        self.parameters["CodeBucket"] = {"Type": "String", "Description": description}

    def _light(self, function: Function) -> str:
        logical = self._logical("EdgeFunction", function.name)
        if logical not in self.resources:
            store = ""
            if function.key_value_store is not None:
                store = self._logical("KeyValueStore", function.name)
                name = re.sub(r"[^a-zA-Z0-9_-]", "-", function.name)[:64]
                self.resources[store] = resource("KeyValueStore", {"Name": name})
                self.notes.append(f"{function.name}: put the keys of {function.key_value_store} into the store {name}")
            self.resources[logical] = functions.cloudfront_function(function, store)
        return logical

    # -------------------------------------------------------------------------- origins

    def origin(self, given: OriginConfig) -> Form:
        form: Form = {"Id": given.name, "ConnectionAttempts": given.connection_attempts}
        form["ConnectionTimeout"] = int(given.connection_timeout)
        if given.response_completion_timeout is not None:
            form["ResponseCompletionTimeout"] = int(given.response_completion_timeout)
        if given.path:
            form["OriginPath"] = given.path
        if given.custom_headers:
            headers = given.custom_headers.items()
            form["OriginCustomHeaders"] = [{"HeaderName": name, "HeaderValue": text} for name, text in headers]
        match given:
            case DirectoryOrigin(website=True):
                return form | self._website(given)
            case DirectoryOrigin() | BucketOrigin():
                return form | self._bucket(given)
            case HttpOrigin():
                return form | self._server(given)
            case FunctionOrigin():
                return form | self._function_url(given)

    def _bucket(self, given: DirectoryOrigin | BucketOrigin) -> Form:
        control = self._access_control(given.name, "s3")
        if isinstance(given, BucketOrigin):
            domain: str | Form = given.domain_name
        else:
            bucket = self._logical("Bucket", given.name)
            self.resources[bucket] = {"Type": "AWS::S3::Bucket"}
            self.resources[f"{bucket}Policy"] = _bucket_policy(bucket, list_too=given.list_bucket)
            domain = {"Fn::GetAtt": [bucket, "RegionalDomainName"]}
            self.notes.append(f"{given.name}: put the files of {given.directory} into the bucket {bucket}")
        return {
            "DomainName": domain,
            "S3OriginConfig": {"OriginAccessIdentity": ""},
            "OriginAccessControlId": control,
        }

    def _website(self, given: DirectoryOrigin) -> Form:
        bucket = self._logical("Bucket", given.name)
        website = {"IndexDocument": given.index_document}
        if given.error_document:
            website["ErrorDocument"] = given.error_document
        self.resources[bucket] = {"Type": "AWS::S3::Bucket", "Properties": {"WebsiteConfiguration": website}}
        self.notes.append(
            f"{given.name}: put the files of {given.directory} into {bucket}, and let everybody read them"
        )
        address = {"Fn::GetAtt": [bucket, "WebsiteURL"]}
        domain = {"Fn::Select": [2, {"Fn::Split": ["/", address]}]}
        return {"DomainName": domain, "CustomOriginConfig": _server_config("http", 80, given)}

    def _server(self, given: HttpOrigin) -> Form:
        domain: str | Form = given.domain_name
        if given.domain_name in LOCAL or given.domain_name.startswith("127."):
            parameter = self._logical("DomainName", given.name)
            said = f"The public name of the origin {given.name}, which is {given.scheme}://{given.host} here"
            self.parameters[parameter] = {"Type": "String", "Description": said}
            self.notes.append(f"{given.name}: CloudFront cannot reach {given.host}; give {parameter} when deploying")
            domain = {"Ref": parameter}
        return {"DomainName": domain, "CustomOriginConfig": _server_config(given.scheme, given.port, given)}

    def _function_url(self, given: FunctionOrigin) -> Form:
        """Return a function behind its own URL; one behind a load balancer needs the balancer, which is the user's."""
        server = _server_config("https", 443, given)
        if given.payload == "alb":
            parameter = self._logical("DomainName", given.name)
            said = f"The public name of the load balancer before the function {given.function}"
            self.parameters[parameter] = {"Type": "String", "Description": said}
            self.notes.append(f"{given.name}: set up the load balancer yourself; give {parameter} when deploying")
            return {"DomainName": {"Ref": parameter}, "CustomOriginConfig": server}
        self._lambda(self._config.functions[given.function])
        url = self._logical("Url", given.name)
        function = {"Fn::GetAtt": [self._logical("Function", given.function), "Arn"]}
        properties = {"AuthType": "AWS_IAM", "TargetFunctionArn": function}
        self.resources[url] = {"Type": "AWS::Lambda::Url", "Properties": properties}
        self.resources[f"{url}Permission"] = _may_call(function)
        control = self._access_control(given.name, "lambda")
        domain = {"Fn::Select": [2, {"Fn::Split": ["/", {"Fn::GetAtt": [url, "FunctionUrl"]}]}]}
        return {"DomainName": domain, "CustomOriginConfig": server, "OriginAccessControlId": control}

    def _access_control(self, name: str, kind: str) -> Form:
        control = self._logical("AccessControl", name)
        config = {
            "Name": {"Fn::Sub": f"${{AWS::StackName}}-{_word(name)}"},
            "OriginAccessControlOriginType": kind,
            "SigningBehavior": "always",
            "SigningProtocol": "sigv4",
        }
        self.resources[control] = resource("OriginAccessControl", {"OriginAccessControlConfig": config})
        return {"Fn::GetAtt": [control, "Id"]}

    def _logical(self, kind: str, name: str) -> str:
        """Return the logical id for a name: letters and digits, never the same for two."""
        known = self._names.get((kind, name))
        if known is None:
            words = re.findall(r"[A-Za-z0-9]+", name)
            wanted = kind + "".join(word[0].upper() + word[1:] for word in words)
            taken = set(self._names.values())
            known = next(each for n in range(1, 10_000) if (each := wanted if n == 1 else f"{wanted}{n}") not in taken)
            self._names[kind, name] = known
        return known


def _counted(items: Iterable[Form]) -> Form:
    found = list(items)
    return {"Quantity": len(found), "Items": found}


def _group(group: OriginGroup) -> Form:
    codes = sorted(group.status_codes)
    return {
        "Id": group.name,
        "FailoverCriteria": {"StatusCodes": {"Quantity": len(codes), "Items": codes}},
        "Members": _counted({"OriginId": each.name} for each in (group.primary, group.secondary)),
    }


def _error(given: Any) -> Form:
    form: Form = {"ErrorCode": given.error_code, "ErrorCachingMinTTL": int(given.error_caching_min_ttl)}
    if given.response_page_path:
        form |= {"ResponseCode": given.response_code, "ResponsePagePath": given.response_page_path}
    return form


def _server_config(scheme: str, port: int, given: OriginConfig) -> Form:
    return {
        "OriginProtocolPolicy": f"{scheme}-only",
        "HTTPPort": port if scheme == "http" else 80,
        "HTTPSPort": port if scheme == "https" else 443,
        "OriginSSLProtocols": ["TLSv1.2"],
        "OriginReadTimeout": int(given.read_timeout),
        "OriginKeepaliveTimeout": int(given.keepalive_timeout),
    }


def _may_call(function: Form) -> Form:
    source = "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}"
    properties = {
        "Action": "lambda:InvokeFunctionUrl",
        "FunctionName": function,
        "Principal": "cloudfront.amazonaws.com",
        "SourceArn": {"Fn::Sub": source},
    }
    return {"Type": "AWS::Lambda::Permission", "Properties": properties}


def _bucket_policy(bucket: str, *, list_too: bool) -> Form:
    source = "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}"
    principal = {"Service": "cloudfront.amazonaws.com"}
    condition = {"StringEquals": {"AWS:SourceArn": {"Fn::Sub": source}}}
    arn = {"Fn::GetAtt": [bucket, "Arn"]}
    inside = {"Fn::Sub": f"${{{bucket}.Arn}}/*"}
    allowed = [("s3:GetObject", inside), *([("s3:ListBucket", arn)] if list_too else [])]
    statements = [
        {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": what, "Condition": condition}
        for action, what in allowed
    ]
    document = {"Version": "2012-10-17", "Statement": statements}
    return {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {"Bucket": {"Ref": bucket}, "PolicyDocument": document},
    }


def _word(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]", "-", name)
