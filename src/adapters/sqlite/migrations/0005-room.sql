-- What a claim writes makes a row a third longer, and pages are full that were filled by submits one behind the other: each
-- would split. This holds the place, from the submit to the first claim. With this version the outbox says once what events share.
ALTER TABLE task ADD COLUMN room TEXT;
