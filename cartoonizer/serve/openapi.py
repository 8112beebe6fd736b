"""OpenAPI 3.1 description of the API."""

from __future__ import annotations

from collections.abc import Mapping

from cartoonizer.drawing import OWN
from cartoonizer.serve.answers import ALL
from cartoonizer.serve.limits import Limits

_NUMBERS = {"type": "array", "items": {"type": "number"}}
_PICTURE = {"type": "string", "description": "a picture as a data: URI"}
_LABELS = {"type": "object", "additionalProperties": {"type": "string"}}


def describe(labels: Mapping[str, tuple[str, ...]], limits: Limits) -> dict[str, object]:
    """The API description of a server.

    Args:
        labels: Classes of the model's labels.
        limits: Resource limits.
    """
    return {
        "openapi": "3.1.0",
        "info": {"title": "Landmark CartoonGAN", "version": "1"},
        "paths": {
            "/api/cartoonize": {"post": _cartoonize(labels, limits)},
            "/api/model": {"get": _get("The model's labels and terms.", "Model")},
            "/api/line/{ticket}": {"get": _get("The position of a waiting request.", "Line", [_TICKET])},
            "/health": {"get": _get("Health check.", "Health")},
        },
        "components": {"schemas": _SCHEMAS},
    }


_TICKET_TEXT = {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9_-]+$"}
_TICKET = {
    "name": "ticket",
    "in": "path",
    "required": True,
    "schema": _TICKET_TEXT,
}


def _cartoonize(labels: Mapping[str, tuple[str, ...]], limits: Limits) -> dict[str, object]:
    parameters = [_parameter(name, [OWN, *classes, ALL], OWN) for name, classes in labels.items()]
    size = {"type": "integer", "minimum": 16, "maximum": 1024}
    parameters += [_parameter("faces", ["largest", ALL], ALL), {"name": "size", "in": "query", "schema": size}]
    parameters.append({"name": "X-Ticket", "in": "header", "schema": _TICKET_TEXT})
    body = {"schema": {"type": "string", "format": "binary"}}
    answers = {"200": ("Faces and cartoons; empty if no face is found.", "Cartoons")}
    answers |= {
        "400": ("A parameter is invalid.", "Error"),
        "401": ("A token is required.", "Error"),
        "408": (f"The photo did not arrive in {limits.seconds:g} seconds.", "Error"),
        "413": (f"More than {limits.body:,} bytes.", "Error"),
        "422": ("The body is not a photo, or it is too large.", "Error"),
        "503": ("Too many requests are waiting.", "Error"),
        "504": (f"It took more than {limits.seconds:g} seconds.", "Error"),
    }
    return {
        "summary": "Turn a photo, the body of the request, into cartoons.",
        "parameters": parameters,
        "requestBody": {"required": True, "content": {"application/octet-stream": body, "image/*": body}},
        "responses": {status: _response(*words) for status, words in answers.items()},
    }


def _get(summary: str, schema: str, parameters: list[dict[str, object]] | None = None) -> dict[str, object]:
    responses = {"200": _response(summary, schema), "401": _response("A token is required.", "Error")}
    return {"summary": summary, "parameters": parameters or [], "responses": responses}


def _parameter(name: str, values: list[str], default: str) -> dict[str, object]:
    return {"name": name, "in": "query", "schema": {"type": "string", "enum": values, "default": default}}


def _response(description: str, schema: str) -> dict[str, object]:
    reference = {"schema": {"$ref": f"#/components/schemas/{schema}"}}
    return {"description": description, "content": {"application/json": reference}}


def _object(**properties: object) -> dict[str, object]:
    return {"type": "object", "required": list(properties), "properties": properties}


_FACE = _object(
    box=_NUMBERS,
    landmarks={"type": "array", "items": _NUMBERS},
    score={"type": "number"},
    own=_LABELS,
    photo=_PICTURE,
    cartoons={"type": "array", "items": _object(labels=_LABELS, png=_PICTURE)},
)
_SCHEMAS = {
    "Cartoons": _object(
        width={"type": "integer"},
        height={"type": "integer"},
        faces={"type": "array", "items": _FACE},
    ),
    "Model": _object(
        name={"type": "string"},
        terms={"type": "string"},
        labels={"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
    ),
    "Line": _object(place={"type": "integer", "minimum": 0}),
    "Health": _object(status={"const": "ok"}),
    "Error": _object(error={"type": "string"}),
}
