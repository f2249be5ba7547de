-- Who validated the projects of before is named by its organisation now; the log has said so all along.
SET CONSTRAINTS ALL IMMEDIATE;
UPDATE ledger_project project
   SET validator_id = verifier.id
  FROM (SELECT DISTINCT ON (body ->> 'project') body
          FROM (SELECT id, log_entry(entry) -> 'body' AS body FROM ledger_record WHERE kind = 'project_validated') said
         ORDER BY body ->> 'project', id DESC) validated
  JOIN ledger_organisation verifier ON verifier.public_id::text = validated.body ->> 'verifier'
 WHERE project.validator_id IS NULL
   AND validated.body ->> 'project' = 'TH-' || project.province_code || '-'
           || lpad(project.number::text, greatest(6, length(project.number::text)), '0');
