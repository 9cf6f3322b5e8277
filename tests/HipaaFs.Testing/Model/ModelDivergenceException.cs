namespace HipaaFs.Testing.Model;

/// <summary>A target did what the model does not allow.</summary>
public sealed class ModelDivergenceException(string message, Exception? inner = null) : Exception(message, inner);
