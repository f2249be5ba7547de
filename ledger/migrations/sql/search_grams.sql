-- What a text is searched by: its letters, and its pairs of letters, in lower case. Chinese words have two letters, which is
-- what pairs find at once; an extension for this (pg_trgm) is not in every PostgreSQL, and looks for three.

CREATE FUNCTION search_grams(written text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    letters text[] := regexp_split_to_array(lower(written), '');
    grams text[] := letters;
    many integer := cardinality(letters);
BEGIN
    FOR place IN 2 .. many LOOP
        grams[many + place - 1] := letters[place - 1] || letters[place];
    END LOOP;
    RETURN grams;
END
$$;
