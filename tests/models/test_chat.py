from typing import Literal

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool

from passline.models.chat import LocalChat, call_text, every_call
from passline.models.errors import OutputError


@tool
def propose(control: Literal["speed", "water"], direction: Literal["up", "down"]) -> str:
    """Propose one step of one control."""
    return f"{control} {direction}"


@tool
def look(fresh: bool) -> str:
    """Look at the line."""
    return str(fresh)


@tool
def note(text: str) -> str:
    """Write a note."""
    return text


def test_a_forced_call_is_one_of_the_calls_that_the_tools_allow(tiny):
    chat = LocalChat(language_model=tiny).bind_tools([propose, look], tool_choice="any")
    reply = chat.invoke([SystemMessage("be brief"), HumanMessage("the strip is hot")])
    (call,) = reply.tool_calls
    assert call["name"] in ("propose", "look")
    assert {"propose": propose, "look": look}[call["name"]].invoke(call["args"])
    assert 0.0 < reply.response_metadata["confidence"] <= 1.0


def test_a_named_tool_is_the_one_that_is_called_and_its_result_can_follow(tiny):
    chat = LocalChat(language_model=tiny).bind_tools([propose, look], tool_choice="look")
    asked = [HumanMessage("look again")]
    reply = chat.invoke(asked)
    assert reply.tool_calls[0]["name"] == "look"
    answer = ToolMessage("clear", tool_call_id=reply.tool_calls[0]["id"])
    assert chat.invoke([*asked, reply, answer]).tool_calls[0]["name"] == "look"


def test_an_open_argument_cannot_be_forced(tiny):
    chat = LocalChat(language_model=tiny).bind_tools([note], tool_choice="any")
    with pytest.raises(OutputError, match="argument text of tool note is open"):
        chat.invoke([HumanMessage("note it")])


def test_every_call_is_listed_once():
    from langchain_core.utils.function_calling import convert_to_openai_tool

    calls = every_call([convert_to_openai_tool(each) for each in (propose, look)])
    texts = {call_text(*call) for call in calls}
    assert len(calls) == len(texts) == 4 + 2


@pytest.mark.parametrize(
    ("said", "good", "bad"),
    [
        (call_text("look", {"fresh": True}), 1, 0),
        ('<tool_call>{"name":"look","arguments":</tool_call>', 0, 1),
        ('<tool_call>["look"]</tool_call>', 0, 1),
        ('<tool_call>{"name":"look","argum', 0, 0),
        (call_text("look", {}) + call_text("note", {"text": "x"}), 2, 0),
        ("just words", 0, 0),
    ],
)
def test_text_that_is_no_call_never_becomes_one(tiny, monkeypatch, said, good, bad):
    monkeypatch.setattr(tiny, "write", lambda prompt, most: list(said.encode()))
    chat = LocalChat(language_model=tiny).bind_tools([look, note])
    reply = chat.invoke([HumanMessage("go on")])
    assert (len(reply.tool_calls), len(reply.invalid_tool_calls)) == (good, bad)


def test_free_text_is_written_and_counted(tiny):
    reply = LocalChat(language_model=tiny, max_new_tokens=5).invoke([HumanMessage("hello")])
    assert isinstance(reply, AIMessage)
    assert 1 <= reply.usage_metadata["output_tokens"] <= 5
