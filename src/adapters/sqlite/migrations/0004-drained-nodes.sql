-- Nodes that an operator wants to take nothing new.
ALTER TABLE node ADD COLUMN drain INTEGER NOT NULL DEFAULT 0 CHECK (drain IN (0, 1));
