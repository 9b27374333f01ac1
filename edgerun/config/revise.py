"""The same configuration with other revisions of its functions."""

from collections.abc import Mapping
from dataclasses import replace

from edgerun.distribution.model import Association, Behavior, Config, Distribution
from edgerun.functions.function import Function


def with_functions(config: Config, functions: Mapping[str, Function]) -> Config:
    """Return a configuration in which every association points to these functions, by name."""

    def association(old: Association | None) -> Association | None:
        return None if old is None else replace(old, function=functions[old.function.name])

    def behavior(old: Behavior) -> Behavior:
        return replace(
            old,
            viewer_request=association(old.viewer_request),
            origin_request=association(old.origin_request),
            origin_response=association(old.origin_response),
            viewer_response=association(old.viewer_response),
        )

    def distribution(old: Distribution) -> Distribution:
        return replace(
            old,
            default_behavior=behavior(old.default_behavior),
            behaviors=tuple(behavior(each) for each in old.behaviors),
        )

    return replace(config, functions=functions, distributions=tuple(distribution(d) for d in config.distributions))
