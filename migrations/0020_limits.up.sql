-- What a deployment takes at once, how long and how large a request may be, JSON; nothing: no limits of its own.
ALTER TABLE deployments ADD COLUMN limits_json TEXT;
