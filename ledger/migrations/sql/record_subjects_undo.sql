DROP INDEX record_subjects;
DROP FUNCTION record_subject(text, bytea);
