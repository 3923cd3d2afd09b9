"""What a job on a block works on."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from aijobs_sdk.contract.blocks import Block, DocumentConfiguration
from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.records import Document
from aijobs_sdk.engine.context import JobContext


class Subject(NamedTuple):
    """A block, and the document it is a part of."""

    document: Document
    block: Block

    @property
    def configuration(self) -> DocumentConfiguration:
        """What the document's jobs go by."""
        return self.document.configuration or DocumentConfiguration()


async def find_subject(context: JobContext, document_id: UUID, block_id: UUID) -> Subject:
    """Return the block as it stands now, with its document.

    Raises:
        InvalidRequestError: the tenant has no such document, or the document no such block.
    """
    document = await context.document(document_id)
    if document is None:
        says = f"No document {document_id}. `client.create_document()` begins one."
        raise _refused("document_id", says, code="document_not_found")
    block = await context.block(block_id)
    if block is None or block.document_id != document_id:
        says = (
            f"Document {document_id} has no block {block_id}. `client.blocks({str(document_id)!r})` lists those it has."
        )
        raise _refused("block_id", says, code="block_not_found")
    return Subject(document, block)


def _refused(field: str, says: str, *, code: str) -> InvalidRequestError:
    problem = FieldProblem(field=f"payload.{field}", problem="names nothing that there is")
    return InvalidRequestError(says, code=code, fields=[problem])
