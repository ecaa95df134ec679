-- Staged rows of which the file has a newer version.
delete from {staged} as staged
using {places} as place
where staged.source_sheet = place.source_sheet and staged.source_row = place.source_row;
