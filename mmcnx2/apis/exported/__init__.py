"""What runs an exported model: onnxruntime, NumPy and Pillow, no torch and no toolbox."""
