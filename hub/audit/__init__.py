"""The log 审计日志: what happened, in an order that nobody can change unseen."""
