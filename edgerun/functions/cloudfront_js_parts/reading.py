"""A function's tokens, with the questions that the rules of the check ask of them."""

from edgerun.functions.cloudfront_js_parts.finding import Finding, Level
from edgerun.functions.cloudfront_js_parts.tokens import Source, Token

_CLOUDFRONT = frozenset({"'cloudfront'", '"cloudfront"'})


class Reading:
    """One file being checked; `two` says whether it is for runtime 2.0."""

    def __init__(self, source: Source, *, two: bool) -> None:
        self.source = source
        self.tokens = source.tokens
        self.two = two

    def say(self, level: Level, rule: str, offset: int, message: str, fix: str = "") -> Finding:
        line, column = self.source.place(offset)
        return Finding(level=level, rule=rule, line=line, column=column, message=message, fix=fix)

    def error(self, rule: str, offset: int, message: str, fix: str = "") -> Finding:
        return self.say("error", rule, offset, message, fix)

    def token(self, index: int) -> Token | None:
        return self.tokens[index] if 0 <= index < len(self.tokens) else None

    def text(self, index: int) -> str:
        """Return the text of a token, "" beyond the ends."""
        token = self.token(index)
        return token.text if token is not None else ""

    def is_member(self, index: int) -> bool:
        """Whether a name comes after a dot."""
        return self.text(index - 1) in {".", "?."}

    def is_key(self, index: int) -> bool:
        """Whether a name is a key or a method's name in an object or a class."""
        token = self.tokens[index]
        role = self.tokens[token.parent].role if token.parent >= 0 else ""
        if role not in {"object", "class"}:
            return False
        before, after = self.token(index - 1), self.token(index + 1)
        if after is None or before is None:
            return False
        leads = before.text in {"{", ",", "*", "get", "set", "async", "static"} or role == "class"
        if after.text == ":":
            return before.text in {"{", ","}
        return leads and after.text == "(" and after.role == "params"

    def in_function(self, token: Token) -> bool:
        """Whether a token stands in the body of a function."""
        at = token.parent
        while at >= 0:
            if self.tokens[at].role == "function":
                return True
            at = self.tokens[at].parent
        return False

    def begins_async(self, index: int) -> bool:
        """Whether this `async` makes a function, an arrow function or a method asynchronous."""
        following = self.token(index + 1)
        if following is None:
            return False
        if following.text == "function":
            return True
        if following.kind == "punct" and following.text == "(":
            return following.role == "params"
        return following.kind in {"name", "string"} and (self.text(index + 2) == "=>" or self._is_method(index))

    def _is_method(self, index: int) -> bool:
        following = self.token(index + 2)
        return following is not None and following.text == "(" and following.role == "params"

    def after_async_arrow(self, index: int) -> bool:
        """Whether an arrow function's body without braces may hold this: `async () => await …`."""
        return any(token.text == "=>" for token in self.tokens[:index])

    @property
    def imports_cloudfront(self) -> bool:
        """Whether the file begins with `import NAME from 'cloudfront'`."""
        if len(self.tokens) < 4:
            return False
        first, name, word, module = self.tokens[:4]
        return (first.text, word.text) == ("import", "from") and name.kind == "name" and module.text in _CLOUDFRONT
