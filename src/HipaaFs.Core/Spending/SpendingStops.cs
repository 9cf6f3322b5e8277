namespace HipaaFs.Spending;

/// <summary>Which stores are not asked for what, as who knows prices and budgets said last.</summary>
/// <remarks>Thread-safe; replaced as a whole.</remarks>
internal sealed class SpendingStops
{
    private volatile IReadOnlyDictionary<int, SpendingStop> _stops = new Dictionary<int, SpendingStop>();

    /// <summary>Says what is stopped, by the numbers of the stores; those that are not named are asked for everything.</summary>
    internal void Set(IReadOnlyDictionary<int, SpendingStop> stops) => _stops = stops;

    /// <summary>Whether a store is not asked for this.</summary>
    internal bool Has(int store, SpendingStop what) => (_stops.GetValueOrDefault(store) & what) != 0;
}
