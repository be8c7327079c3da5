"""Everything that the author of a provider needs, from one place.

``docs/how-to/add-a-provider.md`` shows how the parts work together.
"""

from __future__ import annotations

from paysdk.arguments import as_moment, check_int
from paysdk.checkpoint import Checkpoint
from paysdk.errors import ConfigurationError, MalformedResponseError, UnsupportedFilterError
from paysdk.exact import exact_amount, in_utc
from paysdk.listing.listing import PagedListing
from paysdk.oauth2.server import TokenServer
from paysdk.pagination import (
    MORE,
    AfterLastId,
    FollowLinks,
    HalFrom,
    LinkHeader,
    NextToken,
    PageNumber,
    Pagination,
    Position,
    encode_query,
    next_link,
    parameters_of,
)
from paysdk.payment import CustomerRef, InvoiceRef, Payment
from paysdk.provider import Capabilities, Listing, Page
from paysdk.records.columns import Amount, converted
from paysdk.records.errors import FieldError
from paysdk.records.fields import PaymentRecord
from paysdk.records.page import RawPage
from paysdk.records.schema_reader import InvoicePayments, RecordPayments, SchemaReader
from paysdk.records.table_reader import TableReader
from paysdk.rest import (
    ApiKey,
    RestProvider,
    RestSettings,
    check_page_size,
    refuse_filters,
    wrap_key,
)
from paysdk.transport.error_bodies import explain_parsed_body
from paysdk.transport.messages import ErrorDetails, RawResponse
from paysdk.transport.requester import Requester

__all__ = [
    "MORE",
    "AfterLastId",
    "Amount",
    "ApiKey",
    "Capabilities",
    "Checkpoint",
    "ConfigurationError",
    "CustomerRef",
    "ErrorDetails",
    "FieldError",
    "FollowLinks",
    "HalFrom",
    "InvoicePayments",
    "InvoiceRef",
    "LinkHeader",
    "Listing",
    "MalformedResponseError",
    "NextToken",
    "Page",
    "PageNumber",
    "PagedListing",
    "Pagination",
    "Payment",
    "PaymentRecord",
    "Position",
    "RawPage",
    "RawResponse",
    "RecordPayments",
    "Requester",
    "RestProvider",
    "RestSettings",
    "SchemaReader",
    "TableReader",
    "TokenServer",
    "UnsupportedFilterError",
    "as_moment",
    "check_int",
    "check_page_size",
    "converted",
    "encode_query",
    "exact_amount",
    "explain_parsed_body",
    "in_utc",
    "next_link",
    "parameters_of",
    "refuse_filters",
    "wrap_key",
]
