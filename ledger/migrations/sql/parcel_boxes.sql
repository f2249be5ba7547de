-- Finds the fields near a new one without reading every field of the country: an index on the box around each outline,
-- computed from the stored shape itself, so that the two cannot disagree.

CREATE FUNCTION geojson_box(polygon jsonb) RETURNS box LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT box(point(min(west_east), min(south_north)), point(max(west_east), max(south_north)))
      FROM (SELECT (point ->> 0)::float8 AS west_east, (point ->> 1)::float8 AS south_north
              FROM jsonb_array_elements(polygon -> 'coordinates' -> 0) AS point) AS outline
$$;

CREATE INDEX parcel_boxes ON ledger_parcel USING gist (geojson_box(geometry));
