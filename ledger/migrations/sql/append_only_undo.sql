DROP FUNCTION refuse_change() CASCADE;
DROP FUNCTION make_append_only(text);
