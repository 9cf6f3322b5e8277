using System.Globalization;
using HipaaFs.Cli.Output;

namespace HipaaFs.Cli.Costs;

/// <summary>A limit of a store's budget that a recall would pass, or that is passed already.</summary>
/// <param name="Store">The store.</param>
/// <param name="Line">The limit, and what is used of it.</param>
/// <param name="Cost">What the recall adds to that.</param>
/// <param name="Currency">Of money.</param>
/// <param name="Stops">Whether the budget stops recalls when it is used up, rather than only warn.</param>
internal sealed record RecallShortage(string Store, CostBudget Line, decimal Cost, string? Currency, bool Stops)
{
    private decimal Left => Math.Max(0, Line.Limit - Line.Used);

    /// <summary>One line for people: what it would cost, what is left, of which budget.</summary>
    public override string ToString() => Line.What switch
    {
        "money" => $"store {Store} would charge {MoneyText.Format(Cost)} {Currency} for it, and {MoneyText.Format(Left)} of the {MoneyText.Format(Line.Limit)} {Currency} of its budget for this {Line.Period} are left",
        "requests" => string.Create(CultureInfo.InvariantCulture, $"store {Store} would get {Cost:0} requests, and {Left:0} of the {Line.Limit:0} of its budget for this {Line.Period} are left"),
        _ => string.Create(CultureInfo.InvariantCulture, $"store {Store} may send and get {Line.Limit:0} bytes by its budget for this {Line.Period}, and they are used up"),
    };
}
