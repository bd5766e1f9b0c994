"""The element values of XTA requests, in the shape in which zeep's types take them (XTA-WS 2.1.1, MessageMetaData)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Any

from gateway.transport.xta.records import Content, ListedCode, Metadata, XtaParty


def party(value: XtaParty) -> dict[str, Any]:
    """Party: the identifier with its attributes, no security tokens."""
    return {
        "Identifier": {
            "_value_1": value.identifier,
            "type": value.type,
            "name": value.name or None,
            "category": value.category or None,
        }
    }


def metadata(value: Metadata) -> dict[str, Any]:
    """MessageMetaData; times in UTC, because a time without zone is a guess."""
    delivery = {
        "Origin": value.origin.astimezone(UTC),
        "ObsoleteAfter": value.obsolete_after,
        "ServiceQuality": value.service_quality,
    }
    message_type = {**_code(value.message_type), "payloadSchema": value.payload_schema}
    return {
        "DeliveryAttributes": delivery,
        "Originators": {"Author": party(value.author)},
        "Destinations": {"Reader": party(value.reader)},
        "MsgIdentification": {"MessageID": value.xta_id, "ProcessRef": {"Requester": value.process}},
        "Qualifier": {
            "Subject": value.subject,
            "Service": value.service,
            "BusinessScenario": {"Defined": _code(value.scenario)},
            "MessageType": message_type,
        },
        "MsgSize": value.size,
        "TestMsg": value.test,
    }


def container(message: Content, attachments: Sequence[Content]) -> dict[str, Any]:
    """GenericContentContainer with the message and its attachments."""
    return {"ContentContainer": {"Message": _content(message), "Attachment": [_content(one) for one in attachments]}}


def iterator(request_id: str, received: Sequence[str]) -> dict[str, Any]:
    """MsgBoxGetNextRequest and MsgBoxCloseRequest: the iterator, and which messages are safe with us."""
    return {"LastMsgReceived": list(received), "MsgBoxRequestID": request_id}


def _code(value: ListedCode) -> dict[str, Any]:
    return {"code": value.code, "listURI": value.list_uri, "listVersionID": value.list_version}


def _content(value: Content) -> dict[str, Any]:
    return {
        "_value_1": value.content,
        "contentType": value.media_type,
        "contentDescription": value.description or None,
        "encoding": value.encoding,
        "filename": value.filename or None,
        "size": len(value.content) or None,
    }
