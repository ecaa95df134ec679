-- The issues of rows that count no more: warnings, since they had passed.
delete from ledger.issue
using {places} as place
where
    issue.submission_id = %(submission_id)s
    and coalesce(issue.sheet, '') = place.source_sheet
    and issue.source_row = place.source_row;
