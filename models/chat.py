"""A LangChain chat model over a local language model, with tool calls that cannot go wrong.

A forced call is chosen, not written: all calls that the tools allow are enumerated and the model
walks their tree, so no other call can come out. Unforced text is decoded greedily, and what looks
like a call but is none ends in `invalid_tool_calls`, never in an action.
"""

import itertools
import json
import re
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    InvalidToolCall,
    SystemMessage,
    ToolCall,
    ToolMessage,
)
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool

from .errors import OutputError

MOST_CALLS = 512  # more cannot be meant as a choice
_CALL = re.compile(r"<tool_call>(.*?)</tool_call>", re.DOTALL)


def call_text(name: str, arguments: dict[str, Any]) -> str:
    """Return a tool call as the model writes it (hermes form)."""
    body = json.dumps({"name": name, "arguments": arguments}, separators=(",", ":"))
    return f"<tool_call>{body}</tool_call>"


def every_call(tools: Sequence[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Return every call that `tools` (OpenAI form) allow: name and required arguments.

    Raises:
        OutputError: if a required argument is not a closed choice, or there are too many calls.
    """
    calls: list[tuple[str, dict[str, Any]]] = []
    for tool in tools:
        function = tool["function"]
        schema = function.get("parameters", {})
        required = schema.get("required", [])
        values = [
            list(_closed_values(function["name"], name, schema["properties"][name]))
            for name in required
        ]
        for chosen in itertools.product(*values):
            calls.append((function["name"], dict(zip(required, chosen, strict=True))))
            if len(calls) > MOST_CALLS:
                raise OutputError(
                    f"the tools allow more than {MOST_CALLS} calls; offer fewer choices"
                )
    return calls


def _closed_values(tool: str, argument: str, schema: dict[str, Any]) -> Iterator[Any]:
    if "const" in schema:
        yield schema["const"]
    elif "enum" in schema:
        yield from schema["enum"]
    elif schema.get("type") == "boolean":
        yield from (True, False)
    else:
        raise OutputError(
            f"argument {argument} of tool {tool} is open ({schema.get('type', 'any')}); "
            "list its values as a Literal or an enum: a model here chooses, it invents nothing"
        )


class LocalChat(BaseChatModel):
    """A chat model over `backends.cpu.LanguageModel`.

    Attributes:
        language_model: the loaded model.
        max_new_tokens: most tokens of a free reply.
    """

    language_model: Any
    max_new_tokens: int = 80

    @property
    def _llm_type(self) -> str:
        return "passline-local"

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: str | bool | None = None, **kwargs: Any
    ) -> Runnable[Any, AIMessage]:
        """Return this model with `tools`; "any", True or a name forces a call."""
        forms = [convert_to_openai_tool(tool) for tool in tools]
        return self.bind(tools=forms, tool_choice=tool_choice, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        tools: Sequence[dict[str, Any]] = (),
        tool_choice: str | bool | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        turns = _turns(messages, tools)
        prompt = self.language_model.chat(turns)
        if tools and tool_choice not in (None, False, "auto", "none"):
            wanted = [
                tool
                for tool in tools
                if tool_choice in ("any", "required", True)
                or tool["function"]["name"] == tool_choice
            ]
            reply = self._choose(turns, prompt, wanted)
        else:
            reply = self._write(prompt, stop or [], bool(tools))
        return ChatResult(generations=[ChatGeneration(message=reply)])

    def _choose(
        self,
        turns: list[tuple[str, str]],
        prompt: list[int],
        tools: Sequence[dict[str, Any]],
    ) -> AIMessage:
        calls = every_call(tools)
        candidates = [self.language_model.answer(call_text(*call)) for call in calls]
        prefix = self.language_model.chat(turns[:1], ask=False)
        choice = self.language_model.choose(prefix, prompt, candidates)
        name, arguments = calls[choice.candidate]
        return AIMessage(
            content="",
            tool_calls=[ToolCall(name=name, args=arguments, id=uuid.uuid4().hex)],
            response_metadata={"confidence": choice.confidence},
            usage_metadata=_usage(prompt, candidates[choice.candidate]),
        )

    def _write(self, prompt: list[int], stop: list[str], tools: bool) -> AIMessage:
        new = self.language_model.write(prompt, self.max_new_tokens)
        text = self.language_model.tokenizer.decode(new, skip_special_tokens=True)
        for end in stop:
            text = text.split(end)[0]
        good: list[ToolCall] = []
        bad: list[InvalidToolCall] = []
        for body in _CALL.findall(text) if tools else ():
            try:
                call = json.loads(body)
                good.append(
                    ToolCall(name=call["name"], args=dict(call["arguments"]), id=uuid.uuid4().hex)
                )
            except (ValueError, KeyError, TypeError) as wrong:
                bad.append(
                    InvalidToolCall(
                        type="invalid_tool_call", name=None, args=body, id=None, error=str(wrong)
                    )
                )
        return AIMessage(
            content=_CALL.sub("", text) if tools else text,
            tool_calls=good,
            invalid_tool_calls=bad,
            usage_metadata=_usage(prompt, new),
        )


def _usage(prompt: list[int], new: list[int]) -> Any:
    read, written = len(prompt), len(new)
    return {"input_tokens": read, "output_tokens": written, "total_tokens": read + written}


def _turns(
    messages: Sequence[BaseMessage], tools: Sequence[dict[str, Any]]
) -> list[tuple[str, str]]:
    """Return the conversation as (role, text), the tools written into the system turn."""
    turns = [_turn(message) for message in messages]
    if not turns or turns[0][0] != "system":
        turns.insert(0, ("system", "You are a careful assistant."))
    if tools:  # the chat template of the default model has no place for them
        listed = "\n".join(json.dumps(tool["function"]) for tool in tools)
        form = '<tool_call>{"name":...,"arguments":{...}}</tool_call>'
        turns[0] = ("system", f"{turns[0][1]}\nTools:\n{listed}\nReply with {form}.")
    return turns


def _turn(message: BaseMessage) -> tuple[str, str]:
    text = message.text if isinstance(message.text, str) else str(message.content)
    if isinstance(message, SystemMessage):
        return "system", text
    if isinstance(message, HumanMessage):
        return "user", text
    if isinstance(message, ToolMessage):
        return "user", f"<tool_response>{text}</tool_response>"
    if isinstance(message, AIMessage):
        return "assistant", text + "".join(
            call_text(call["name"], call["args"]) for call in message.tool_calls
        )
    raise OutputError(f"a message of kind {message.type} has no place in this chat; drop it")
