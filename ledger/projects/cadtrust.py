"""Pick-lists of the CAD Trust data model that our projects need, in its own words.

The sector and the type of a project are its methodology's (ledger.quantification).

Source: Chia-Network/cadt, docs/cadtrust-schema-v2.0.2.json (states) and docs/cadt_rpc_api.md, the answer to
GET /v1/governance/meta/pickList (coveredByNDC, labelType, coBenefits). That page shortens the list of co-benefits: goals 4 to 15
are written here in the way of those that it names.
"""

from ledger.projects.models import Project

STATUSES = {
    Project.Status.SUBMITTED: "Listed",
    Project.Status.IN_VALIDATION: "Listed",
    Project.Status.VALIDATED: "Validated",
    Project.Status.REGISTERED: "Registered",
    Project.Status.SUSPENDED: "Inactive",
    Project.Status.COMPLETED: "Completed",
    Project.Status.WITHDRAWN: "Withdrawn",
    Project.Status.REJECTED: "Rejected",
}
"""projectStatus; a draft has none."""
COVERED_BY_NDC = {
    Project.Ndc.INSIDE: "Inside NDC",
    Project.Ndc.OUTSIDE: "Outside NDC",
    Project.Ndc.UNKNOWN: "Unknown",
}
LABEL_TYPES = {
    "endorsement": "Endorsement",
    "letter_of_qualification": "Letter of Qualification",
    "certification": "Certification",
}
CO_BENEFITS = {
    "sdg_1": "SDG 1 - No poverty",
    "sdg_2": "SDG 2 - Zero hunger",
    "sdg_3": "SDG 3 - Good health and well-being",
    "sdg_4": "SDG 4 - Quality education",
    "sdg_5": "SDG 5 - Gender equality",
    "sdg_6": "SDG 6 - Clean water and sanitation",
    "sdg_7": "SDG 7 - Affordable and clean energy",
    "sdg_8": "SDG 8 - Decent work and economic growth",
    "sdg_9": "SDG 9 - Industry, innovation and infrastructure",
    "sdg_10": "SDG 10 - Reduced inequalities",
    "sdg_11": "SDG 11 - Sustainable cities and communities",
    "sdg_12": "SDG 12 - Responsible consumption and production",
    "sdg_13": "SDG 13 - Climate action",
    "sdg_14": "SDG 14 - Life below water",
    "sdg_15": "SDG 15 - Life on land",
    "sdg_16": "SDG 16 - Peace and justice strong institutions",
    "sdg_17": "SDG 17 - Partnerships for the goals",
}
