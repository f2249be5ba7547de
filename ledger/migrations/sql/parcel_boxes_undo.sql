DROP INDEX parcel_boxes;
DROP FUNCTION geojson_box(jsonb);
