-- What a position has come to after one of its moves, by the moving weighted average (trading/portfolio/README.md):
-- {tonnes, their cost, profit realised, cost of what was used or given away}, money in fen.
CREATE FUNCTION trading_position_moved(state numeric[], moved bigint, value_fen numeric) RETURNS numeric[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    tonnes numeric := state[1];
    cost numeric := state[2];
    realised numeric := state[3];
    used numeric := state[4];
    gone numeric;
BEGIN
    IF moved > 0 THEN
        cost := cost + coalesce(value_fen, 0);
    ELSE
        -- The whole cost leaves with the last tonne; else its share, half a fen rounded up.
        gone := CASE WHEN -moved >= tonnes THEN cost ELSE div(-2 * moved * cost + tonnes, 2 * tonnes) END;
        cost := cost - gone;
        IF value_fen IS NULL THEN
            used := used + gone;
        ELSE
            realised := realised + value_fen - gone;
        END IF;
    END IF;
    tonnes := tonnes + moved;
    -- What was sold before a mistaken transfer was undone is bought back here: there is nothing left that it could be the cost of.
    IF tonnes <= 0 THEN
        realised := realised - cost;
        cost := 0;
    END IF;
    RETURN ARRAY[tonnes, cost, realised, used];
END
$$;

CREATE AGGREGATE trading_position(bigint, numeric) (
    SFUNC = trading_position_moved,
    STYPE = numeric[],
    INITCOND = '{0,0,0,0}'
);
