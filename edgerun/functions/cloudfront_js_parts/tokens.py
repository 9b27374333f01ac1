"""JavaScript as tokens: enough to tell code from strings, comments, templates and regular expressions.

It reads any text and never fails on code that an engine would take. What it adds to the bare tokens is which bracket
belongs to which, and what each is for: without that a `/` cannot be read, nor a default value told from an assignment.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Final, Literal

Kind = Literal["name", "number", "string", "template", "regex", "punct"]
Role = Literal[
    "", "block", "object", "class", "function", "group", "call", "params", "control", "for", "catch", "array"
]

_SPACE: Final = re.compile(r"(?:[\s\ufeff]+|//[^\n\r\u2028\u2029]*|/\*.*?\*/)+", re.DOTALL)
_NAME: Final = re.compile(r"(?:[^\W\d]|[$_]|\\u\{?[0-9a-fA-F]+\}?)(?:\w|[$\u200c\u200d]|\\u\{?[0-9a-fA-F]+\}?)*")
_NUMBER: Final = re.compile(r"0[xXbBoO][0-9a-fA-F_]+n?|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?[\d_]+)?n?")
_STRING: Final = re.compile(r"'(?:[^'\\\n\r]|\\(?:\r\n|.))*'|\"(?:[^\"\\\n\r]|\\(?:\r\n|.))*\"", re.DOTALL)
_REGEX: Final = re.compile(r"/(?![*/])(?:[^\\/\[\n\r]|\\[^\n\r]|\[(?:[^\]\\\n\r]|\\[^\n\r])*\])+/([\w$]*)")
_TEMPLATE: Final = re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))*", re.DOTALL)
_PUNCT: Final = re.compile(
    r">>>=|\.\.\.|===|!==|\*\*=|<<=|>>=|>>>|&&=|\|\|=|\?\?=|=>|==|!=|<=|>=|&&|\|\||\?\?|\?\.(?!\d)"
    r"|\+\+|--|\+=|-=|\*=|/=|%=|&=|\|=|\^=|<<|>>|\*\*|.",
    re.DOTALL,
)
_DIGITS: Final = frozenset("0123456789")
_OPENING: Final = {")": "(", "]": "[", "}": "{"}
_BEFORE_AN_OPERAND: Final = frozenset(
    "return typeof instanceof in of new delete void throw case do else yield await var let const".split()
)
_BEFORE_A_BLOCK: Final = frozenset("else do try finally catch".split())
_CONTROLS: Final[dict[str, Role]] = {
    "if": "control", "while": "control", "with": "control", "switch": "control", "for": "for", "catch": "catch"
}  # fmt: skip


@dataclass(slots=True)
class Token:
    """One token.

    Attributes:
        start: its offset in the source.
        role: of an opening bracket, what it is for.
        match: of a bracket, the index of the other one; -1 if there is none.
        parent: the index of the opening bracket it stands in; -1 at the top.
    """

    kind: Kind
    text: str
    start: int
    parent: int
    role: Role = ""
    match: int = -1


@dataclass(slots=True)
class Source:
    """A text and its tokens.

    Attributes:
        broken: offset and description of the first thing that is no JavaScript at all, if there is one.
    """

    text: str
    tokens: list[Token]
    broken: tuple[int, str] | None
    _lines: list[int] = field(default_factory=list)

    def place(self, offset: int) -> tuple[int, int]:
        """Return line and column of an offset, both from 1."""
        if not self._lines:
            self._lines = [0, *(found.end() for found in re.finditer(r"\r\n|[\n\r\u2028\u2029]", self.text))]
        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1


def scan(text: str) -> Source:
    """Cut a text into tokens."""
    return _Scanner(text).run()


@dataclass(slots=True)
class _Open:
    """What is known of an open bracket while its inside is read."""

    index: int
    role: Role
    at_key: bool = False
    ternaries: int = 0
    expression: bool = False


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[Token] = []
        self.stack: list[_Open] = [_Open(-1, "block")]
        self.after: dict[int, bool] = {}  # closing bracket -> whether an operand may follow it
        self.broken: tuple[int, str] | None = None
        self.at = 0

    def run(self) -> Source:
        while self.at < len(self.text):
            space = _SPACE.match(self.text, self.at)
            if space:
                self.at = space.end()
            elif self.text.startswith("/*", self.at):
                self._break("the comment is not closed")
                break
            else:
                self._token()
        if len(self.stack) > 1 and self.broken is None:
            start = self.tokens[self.stack[-1].index]
            self.broken = (start.start, f'Unexpected end of input: "{start.text}" is not closed')
        _find_arrow_parameters(self.tokens)
        return Source(self.text, self.tokens, self.broken)

    def _break(self, why: str) -> None:
        if self.broken is None:
            self.broken = (self.at, why)

    def _token(self) -> None:
        first = self.text[self.at]
        if first in "'\"":
            self._take(_STRING, "string", "the string is not closed")
        elif first == "`":
            self._template()
        elif first in _DIGITS or (first == "." and self.text[self.at + 1 : self.at + 2] in _DIGITS):
            self._take(_NUMBER, "number", "")
        elif _NAME.match(self.text, self.at):
            self._name()
        elif first == "/" and self._operand_follows():
            self._take(_REGEX, "regex", "the regular expression is not closed")
        else:
            self._punct()

    def _take(self, pattern: re.Pattern[str], kind: Kind, failure: str) -> None:
        found = pattern.match(self.text, self.at)
        if found is None:
            self._break(failure)
        self._add(kind, found.group() if found else self.text[self.at])

    def _add(self, kind: Kind, text: str) -> Token:
        token = Token(kind, text, self.at, self.stack[-1].index)
        self.tokens.append(token)
        self.at += len(text)
        return token

    def _name(self) -> None:
        found = _NAME.match(self.text, self.at)
        assert found is not None
        self._add("name", found.group())

    def _template(self) -> None:
        """Take a template up to its end or to the next `${`, which counts as an opening brace."""
        found = _TEMPLATE.match(self.text, self.at + 1)
        assert found is not None
        end = found.end()
        if self.text.startswith("${", end):
            self._add("template", self.text[self.at : end])
            self._open("${", "group", _Open(0, "group"))
        elif end < len(self.text):
            self._add("template", self.text[self.at : end + 1])
        else:
            self._break("the template is not closed")
            self._add("template", self.text[self.at :])

    def _punct(self) -> None:
        found = _PUNCT.match(self.text, self.at)
        assert found is not None
        text, top = found.group(), self.stack[-1]
        if text == "{":
            role = self._brace_role()
            self._open(text, role, _Open(0, role, at_key=role in {"object", "class"}, expression=self._is_expression()))
        elif text == "(":
            role = self._paren_role()
            self._open(text, role, _Open(0, role))
        elif text == "[":
            role = "array" if self._operand_follows() or (top.role in {"object", "class"} and top.at_key) else ""
            self._open(text, role, _Open(0, role))
        elif text in _OPENING:
            self._close(text)
        else:
            self._note(text, top)
            self._add("punct", text)

    def _note(self, text: str, top: _Open) -> None:
        """Remember what a later brace or bracket will ask."""
        if text == "?":
            top.ternaries += 1
        elif text == ":":
            if top.ternaries:
                top.ternaries -= 1
            elif top.role == "object":
                top.at_key = False
        elif text == "," and top.role == "object":
            top.at_key = True
        elif text == ";":
            top.ternaries = 0

    def _open(self, text: str, role: Role, opened: _Open) -> None:
        token = self._add("punct", text)
        token.role = role
        opened.index = len(self.tokens) - 1
        self.stack.append(opened)

    def _close(self, text: str) -> None:
        opened = self.stack[-1]
        mate = self.tokens[opened.index].text if opened.index >= 0 else ""
        if mate[-1:] != _OPENING[text]:
            self._break(f'Unexpected token "{text}"')
            self._add("punct", text)
            return
        self.stack.pop()
        if mate == "${":
            self._reopen_template(opened)
            return
        token = self._add("punct", text)
        token.match = opened.index
        here = len(self.tokens) - 1
        self.tokens[opened.index].match = here
        statement = opened.role in {"control", "for", "block"} or (opened.role == "function" and not opened.expression)
        self.after[here] = statement
        if self.stack[-1].role == "class":
            self.stack[-1].at_key = True

    def _reopen_template(self, opened: _Open) -> None:
        """Go on in a template after the `}` of a substitution."""
        token = self._add("punct", "}")
        token.match = opened.index
        self.tokens[opened.index].match = len(self.tokens) - 1
        self.at -= 1  # the template's next piece begins where its back-tick would stand
        self._template()

    # -- what stands before decides

    def _previous(self, back: int = 1) -> Token | None:
        return self.tokens[-back] if len(self.tokens) >= back else None

    def _operand_follows(self) -> bool:
        """Whether an operand may stand here, so that `/` begins a regular expression and `[` a list."""
        before = self._previous()
        if before is None:
            return True
        if before.kind == "name":
            dotted = (second := self._previous(2)) is not None and second.text in {".", "?."}
            return before.text in _BEFORE_AN_OPERAND and not dotted
        if before.kind != "punct":
            return False
        if before.text in {")", "}", "]"}:
            return self.after.get(len(self.tokens) - 1, False)
        return before.text not in {"++", "--"}

    def _is_expression(self) -> bool:
        """Whether the brace that comes now is the body of a function that stands as an operand."""
        before = self._previous()
        if before is None or before.text != ")" or before.match < 0:
            return False
        at = before.match - 1  # before the parameters
        while at >= 0 and self.tokens[at].text != "function" and self.tokens[at].kind in {"name", "punct"}:
            if self.tokens[at].kind == "punct" and self.tokens[at].text != "*":
                return False
            at -= 1
        if at < 0 or self.tokens[at].text != "function":
            return False
        at -= 1
        if at >= 0 and self.tokens[at].text == "async":
            at -= 1
        if at < 0:
            return False
        lead = self.tokens[at]
        if lead.kind == "name":
            return lead.text in _BEFORE_AN_OPERAND and lead.text not in _BEFORE_A_BLOCK
        return lead.kind == "punct" and lead.text not in {";", "{", "}", ")"}

    def _brace_role(self) -> Role:
        before, top = self._previous(), self.stack[-1]
        if before is None:
            return "block"
        if before.kind == "name":
            return self._brace_after_name(before)
        if before.kind != "punct" or before.text in {";", "]", "{", "}"}:
            return "block"
        if before.text == ")":
            role = self.tokens[before.match].role if before.match >= 0 else ""
            return "function" if role == "params" else "block"
        if before.text == ":" and top.role in {"block", "function"}:
            return self._after_colon(top)
        return "function" if before.text == "=>" else "object"

    def _after_colon(self, top: _Open) -> Role:
        """Return what a brace after `:` among statements is: a labelled or a case's block, or an operand of `?:`."""
        depth, at = 0, len(self.tokens) - 2
        while at > top.index:
            token = self.tokens[at]
            if token.match >= 0 and token.text in _OPENING:
                at = token.match - 1
                continue
            if token.text == ":":
                depth += 1
            elif token.text == "?":
                if not depth:
                    return "object"
                depth -= 1
            elif token.text == ";":
                break
            at -= 1
        return "block"

    def _brace_after_name(self, before: Token) -> Role:
        if self._is_class_head():
            return "class"
        dotted = (second := self._previous(2)) is not None and second.text in {".", "?."}
        if before.text in _BEFORE_A_BLOCK or dotted:
            return "block"
        return "object" if before.text in _BEFORE_AN_OPERAND else "block"

    def _is_class_head(self) -> bool:
        """Whether `class`, a name, `extends` and a plain expression come right before."""
        for back in range(1, min(len(self.tokens), 8) + 1):
            token = self.tokens[-back]
            if token.text == "class":
                return back == len(self.tokens) or self.tokens[-back - 1].text not in {".", "?."}
            if token.kind != "name" and token.text not in {".", "(", ")"}:
                return False
        return False

    def _paren_role(self) -> Role:
        before, top = self._previous(), self.stack[-1]
        if before is None:
            return "group"
        if top.role in {"object", "class"} and top.at_key and before.text not in {"{", ",", ":"}:
            return "params"
        if before.kind == "name" and not ((second := self._previous(2)) and second.text in {".", "?."}):
            if before.text == "function" or (second and second.text in {"function", "*"} and self._named_function()):
                return "params"
            if before.text == "await" and second and second.text == "for":
                return "for"
            if before.text in _CONTROLS:
                return _CONTROLS[before.text]
        if before.text == "*" and (second := self._previous(2)) and second.text == "function":
            return "params"
        return "group" if self._operand_follows() else "call"

    def _named_function(self) -> bool:
        second, third = self._previous(2), self._previous(3)
        if second is not None and second.text == "function":
            return True
        return second is not None and second.text == "*" and third is not None and third.text == "function"


def _find_arrow_parameters(tokens: list[Token]) -> None:
    for index, token in enumerate(tokens[:-1]):
        if token.text == ")" and token.kind == "punct" and token.match >= 0 and tokens[index + 1].text == "=>":
            tokens[token.match].role = "params"
