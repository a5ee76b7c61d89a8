"""An invented county 模拟县 whose truth is known, and its five registries 登记库 as they really export."""
