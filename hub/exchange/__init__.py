"""Exchange 数据交换: one signed request, one decision, the least disclosed, one signed answer with its receipt."""
